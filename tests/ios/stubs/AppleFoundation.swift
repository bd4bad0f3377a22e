// Interface stub: what Foundation and Core Foundation have on Apple's systems, and not on Linux.
@_exported import Foundation

public typealias CFString = NSString
public typealias CFData = NSData
public typealias CFDictionary = NSDictionary
public final class CFAllocator {}
public typealias OSType = UInt32

extension ProcessInfo {
  public enum ThermalState: Int, Sendable { case nominal, fair, serious, critical }
  public var thermalState: ThermalState { fatalError() }
}
