// Interface stub of Core AI; see README.md.
@_exported import AppleFoundation

public struct SpecializationOptions: Sendable {
  public enum ComputeUnitKind: Sendable { case cpu, gpu, neuralEngine }
  public static var `default`: SpecializationOptions { fatalError() }
  public static var cpuOnly: SpecializationOptions { fatalError() }
  public init(preferredComputeUnitKind: ComputeUnitKind) { fatalError() }
}

public struct AIModel: Sendable {
  public init(contentsOf url: URL, options: SpecializationOptions = .default) async throws { fatalError() }
  public func loadFunction(named name: String) throws -> InferenceFunction? { fatalError() }
}

public struct InferenceFunction: Sendable {
  public struct Outputs: ~Copyable {
    public mutating func remove(_ name: String) -> InferenceValue? { fatalError() }
  }
  public func run(inputs: [String: NDArray]) async throws -> Outputs { fatalError() }
}

public struct InferenceValue {
  public var ndArray: NDArray? { fatalError() }
}

public struct NDArray: @unchecked Sendable {
  public enum ScalarType: Sendable { case uint8, int32, float16, float32 }
  /// Apple's is Span<Int>, which this compiler has not.
  public struct Sides {
    public subscript(axis: Int) -> Int { fatalError() }
  }
  public struct View<Scalar: BitwiseCopyable> {
    public func withUnsafePointer<Result>(
      _ body: (UnsafePointer<Scalar>, Sides, Sides) throws -> Result
    ) rethrows -> Result { fatalError() }
  }
  public struct MutableView<Scalar: BitwiseCopyable> {
    public mutating func copyElements(fromContentsOf elements: some Collection<Scalar>) {}
  }
  public init(shape: [Int], scalarType: ScalarType) { fatalError() }
  public var scalarType: ScalarType { fatalError() }
  public func view<Scalar: BitwiseCopyable>(as type: Scalar.Type) -> View<Scalar> { fatalError() }
  public mutating func mutableView<Scalar: BitwiseCopyable>(as type: Scalar.Type) -> MutableView<Scalar> {
    fatalError()
  }
}
