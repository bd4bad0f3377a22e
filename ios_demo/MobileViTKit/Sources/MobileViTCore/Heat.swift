import Foundation

extension DeviceRun {
  /// Whether the times are of a device that was not slowed down by heat; nil where the system does not tell.
  public var isCool: Bool? {
    guard let thermalStateBefore, let thermalState else { return nil }
    return thermalStateBefore == .nominal && thermalState == .nominal
  }
}

extension DeviceRun.ThermalState {
  /// Waits until the device is as cool as can be, for a good benchmark, and asks for its state once a `pause` in seconds,
  /// so many `times`. Returns the last state, nil where the system does not tell.
  public static func cooled(
    times: Int = 60, pause: Double = 1, isolation: isolated (any Actor)? = #isolation, _ now: () -> Self?
  ) async throws -> Self? {
    for _ in 1..<times {
      let state = now()
      if state == nil || state == .nominal { return state }
      try await Task.sleep(nanoseconds: UInt64(pause * 1e9))
    }
    return now()
  }

  /// How many frames a second a camera is to give: a hot device gets time to cool down.
  public var framesPerSecond: Int {
    switch self {
    case .nominal: 30
    case .fair: 20
    case .serious: 10
    case .critical: 5
    }
  }
}
