import Foundation

/// Which device this is.
public struct Device: Encodable, Equatable, Sendable {
  /// As the system names it, "iPhone16,2" say.
  public let model: String
  /// Name and version.
  public let system: String
  /// Name and version.
  public let app: String

  /// Facts given by hand.
  public init(model: String, system: String, app: String) {
    self.model = model
    self.system = system
    self.app = app
  }

  /// This device; `app` is the app's name and version.
  public static func current(app: String) -> Device {
    let version = ProcessInfo.processInfo.operatingSystemVersion
    return Device(
      model: machine(),
      system: "\(systemName) \(version.majorVersion).\(version.minorVersion).\(version.patchVersion)",
      app: app)
  }

  private static var systemName: String {
    #if os(iOS)
      "iOS"
    #elseif os(macOS)
      "macOS"
    #else
      "Linux"
    #endif
  }

  private static func machine() -> String {
    var names = utsname()
    uname(&names)
    return withUnsafeBytes(of: &names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// The most memory that this process has held in RAM at once, MiB. What the Neural Engine and the GPU keep elsewhere does
/// not count.
public func peakMemoryMiB() -> Double {
  var usage = rusage()
  getrusage(0, &usage)  // RUSAGE_SELF, which Glibc declares with another type than it takes
  #if canImport(Darwin)
    return Double(usage.ru_maxrss) / 1_048_576
  #else
    return Double(usage.ru_maxrss) / 1024
  #endif
}
