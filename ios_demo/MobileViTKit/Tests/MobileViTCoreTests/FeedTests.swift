import MobileViTCore
import XCTest

final class FeedTests: XCTestCase {
  /// A camera in name. Changes on its queue only.
  private final class Source: @unchecked Sendable {
    let queue = DispatchQueue(label: "Source")
    let feed: Feed<Int>
    private var runs = false
    private(set) var made = 0

    init() {
      feed = Feed(queue: queue)
    }

    func watch() -> Feed<Int>.Stream {
      feed.watch(start: { self.runs = true }, stop: { self.runs = false })
    }

    func offer() {
      queue.sync {
        feed.offer {
          made += 1
          return made
        }
      }
    }

    var isRunning: Bool { queue.sync { runs } }
  }

  func testAWatcherThatLeavesBeforeTheSourceHasStartedStopsIt() async throws {
    let source = Source()
    for _ in 0..<50 {
      source.queue.suspend()  // as while a camera starts
      let watcher = Task { for try await _ in source.watch() {} }
      await Task.yield()
      watcher.cancel()
      _ = await watcher.result
      source.queue.resume()
      XCTAssertFalse(source.isRunning)
    }
  }

  func testTheNewestWatcherKeepsTheSourceRunning() async throws {
    let source = Source()
    var first: Feed<Int>.Stream? = source.watch()
    let second = source.watch()
    XCTAssertNotNil(first)
    first = nil
    XCTAssertTrue(source.isRunning)
    source.offer()
    var elements = second.makeAsyncIterator()
    let element = try await elements.next()
    XCTAssertEqual(element, 1)
  }

  func testNothingIsMadeWhileTheWatcherIsBusy() async throws {
    let source = Source()
    source.offer()
    XCTAssertEqual(source.made, 0)
    var elements = source.watch().makeAsyncIterator()
    for _ in 0..<3 { source.offer() }
    XCTAssertEqual(source.made, 1)
    _ = try await elements.next()
    source.offer()
    XCTAssertEqual(source.made, 1)
    source.feed.ready()
    source.offer()
    XCTAssertEqual(source.made, 2)
  }

  func testAFailureEndsTheStreamAndStopsTheSource() async throws {
    let none = PreprocessingError.picture("none")
    let source = Source()
    let failures: [() -> Void] = [
      { source.feed.fail(none) },
      { source.queue.sync { source.feed.offer { throw none } } },
    ]
    for fail in failures {
      let stream = source.watch()
      fail()
      let end = await end(of: stream)
      XCTAssertThrowsError(try end.get()) { XCTAssertEqual($0 as? PreprocessingError, none) }
      XCTAssertFalse(source.isRunning)
    }
    let end = await end(of: source.feed.watch(start: { throw none }, stop: {}))
    XCTAssertThrowsError(try end.get()) { XCTAssertEqual($0 as? PreprocessingError, none) }
  }

  func testANewWatcherEndsTheStreamOfTheOneBefore() async throws {
    let source = Source()
    let first = source.watch()
    let second = source.watch()
    let end = await end(of: first)
    XCTAssertNoThrow(try end.get())
    XCTAssertTrue(source.isRunning)
    withExtendedLifetime(second) {}
  }

  /// What a stream ends with. One that goes on fails, and holds nothing up.
  private func end(of stream: Feed<Int>.Stream) async -> Result<Void, any Error> {
    let watcher = Task { for try await _ in stream {} }
    let clock = Task {
      try await Task.sleep(nanoseconds: 5_000_000_000)
      XCTFail("it goes on")
      watcher.cancel()
    }
    defer { clock.cancel() }
    return await watcher.result
  }

  /// A slow piece of work that does not look whether anyone still wants it, as Core ML loading a model.
  func testWhatComesTooLateIsDropped() async {
    for fails in [false, true] {
      let (steps, step) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await unlessCancelled {
          step.finish()
          while !Task.isCancelled { await Task.yield() }
          if fails { throw PreprocessingError.picture("late") }
          return 1
        }
      }
      for await _ in steps {}
      task.cancel()
      let result = await task.result
      XCTAssertThrowsError(try result.get()) { XCTAssert($0 is CancellationError, "\($0)") }
    }
  }

  func testWhatComesInTimeIsKept() async throws {
    let kept = try await unlessCancelled { 1 }
    XCTAssertEqual(kept, 1)
    do {
      try await unlessCancelled { throw PreprocessingError.picture("none") }
      XCTFail("it was swallowed")
    } catch {
      XCTAssertEqual(error as? PreprocessingError, .picture("none"))
    }
  }
}
