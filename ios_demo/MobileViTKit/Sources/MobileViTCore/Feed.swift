import Dispatch
import Foundation

/// Hands what a source makes, a camera for example, to whoever watches: to the newest watcher, and only when it is ready.
///
/// The source runs as long as there is a watcher. Unchecked: what changes does so on `queue` only.
public final class Feed<Element: Sendable>: @unchecked Sendable {
  /// What a watcher sees.
  public typealias Stream = AsyncThrowingStream<Element, any Error>

  private struct Watcher {
    let id: UUID
    let sink: Stream.Continuation
    let stop: @Sendable () -> Void
    var isReady = true
  }

  private let queue: DispatchQueue
  private var watcher: Watcher?

  /// Of a source that works on `queue`, a serial one.
  public init(queue: DispatchQueue) {
    self.queue = queue
  }

  /// Calls `start` on the queue, and `stop` when the stream has ended, unless another watcher has taken over by then.
  public func watch(
    start: @escaping @Sendable () throws -> Void, stop: @escaping @Sendable () -> Void
  ) -> Stream {
    let (stream, sink) = Stream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let watcher = Watcher(id: UUID(), sink: sink, stop: stop)
    queue.async { self.begin(watcher, start) }
    // Here, not on the queue, where it would come too late for a watcher that leaves before the source has started.
    sink.onTermination = { _ in self.queue.async { self.end(watcher.id) } }
    return stream
  }

  /// The watcher is done with the last element, and has time for the next.
  public func ready() {
    queue.async { self.watcher?.isReady = true }
  }

  /// On the queue: makes an element if a watcher is ready for it.
  public func offer(_ make: () throws -> Element) {
    guard let watcher, watcher.isReady else { return }
    self.watcher?.isReady = false
    do {
      watcher.sink.yield(try make())
    } catch {
      watcher.sink.finish(throwing: error)
    }
  }

  /// On the queue: whether there is a watcher.
  public var isWatched: Bool { watcher != nil }

  /// The source has failed.
  public func fail(_ error: any Error) {
    queue.async { self.watcher?.sink.finish(throwing: error) }
  }

  private func begin(_ new: Watcher, _ start: () throws -> Void) {
    watcher?.sink.finish()
    watcher = new
    do {
      try start()
    } catch {
      new.sink.finish(throwing: error)
    }
  }

  private func end(_ id: UUID) {
    guard let ended = watcher, ended.id == id else { return }
    watcher = nil
    ended.stop()
  }
}
