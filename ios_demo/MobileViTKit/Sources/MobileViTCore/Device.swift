import Foundation

/// Which device this is.
public struct Device: Encodable, Equatable, Sendable {
  /// As the system names it, for example "iPhone16,2".
  public let model: String
  /// Name and version.
  public let system: String
  /// Name and version.
  public let app: String
  /// The chip's maker and model; nil where `model` says it, as Apple's do.
  public let soc: String?

  /// Facts given by hand.
  public init(model: String, system: String, app: String, soc: String? = nil) {
    self.model = model
    self.system = system
    self.app = app
    self.soc = soc
  }

  /// This device; `app` is the app's name and version. A simulator is the model that it plays.
  public static func current(
    app: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Device {
    let version = ProcessInfo.processInfo.operatingSystemVersion
    let simulated = environment["SIMULATOR_MODEL_IDENTIFIER"].map { "\($0), simulated" }
    let model = simulated ?? machine()
    return Device(
      model: model,
      system:
        "\(systemName(of: model)) \(version.majorVersion).\(version.minorVersion).\(version.patchVersion)",
      app: app)
  }

  private static func systemName(of model: String) -> String {
    #if os(iOS)
      model.hasPrefix("iPad") ? "iPadOS" : "iOS"
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
