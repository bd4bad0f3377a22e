#if canImport(os)
  import os

  private let signposter = OSSignposter(subsystem: "MobileViTKit", category: "model")
#endif

/// What a model is at, and for how long, in Instruments: from here to `end`. Nothing where there are no Instruments.
///
/// Cropping is marked where all crops are made; who writes a framework's `LoadedModel` marks "load" and "prediction".
public struct Signpost: Sendable {
  #if canImport(os)
    private let name: StaticString
    private let interval: OSSignpostIntervalState
  #endif

  /// Begins: "load", "crop" or "prediction".
  public init(_ name: StaticString) {
    #if canImport(os)
      self.name = name
      interval = signposter.beginInterval(name, id: signposter.makeSignpostID())
    #endif
  }

  /// Ends.
  public func end() {
    #if canImport(os)
      signposter.endInterval(name, interval)
    #endif
  }
}
