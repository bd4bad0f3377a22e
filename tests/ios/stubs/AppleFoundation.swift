// Interface stub: what Foundation and Core Foundation have on Apple's systems, and not on Linux.
@_exported import Dispatch
@_exported import Foundation

/// A queue that an actor can run on; Linux's Dispatch has none.
public final class DispatchSerialQueue: SerialExecutor {
  public init(label: String, qos: DispatchQoS = .unspecified) { fatalError() }
  public func enqueue(_ job: consuming ExecutorJob) {}
}

public typealias CFString = NSString
public typealias CFData = NSData
public typealias CFDictionary = NSDictionary
public final class CFAllocator {}
public typealias OSType = UInt32

extension ProcessInfo {
  public enum ThermalState: Int, Sendable { case nominal, fair, serious, critical }
  public var thermalState: ThermalState { fatalError() }
  public class var thermalStateDidChangeNotification: Notification.Name { fatalError() }
}

extension NotificationCenter {
  public struct Notifications: AsyncSequence {
    public struct AsyncIterator: AsyncIteratorProtocol {
      public mutating func next() async -> Notification? { fatalError() }
      public mutating func next(isolation actor: isolated (any Actor)?) async -> Notification? { fatalError() }
    }
    public func makeAsyncIterator() -> AsyncIterator { fatalError() }
  }
  public func notifications(named name: Notification.Name, object: AnyObject? = nil) -> Notifications { fatalError() }
}
