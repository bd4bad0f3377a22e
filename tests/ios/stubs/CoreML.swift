// Interface stub of Core ML; see README.md.
@_exported import CoreVideo

public enum MLComputeUnits: Int, Sendable { case cpuOnly, cpuAndGPU, all, cpuAndNeuralEngine }

public class MLModelConfiguration: NSObject {
  public var computeUnits: MLComputeUnits {
    get { fatalError() }
    set {}
  }
}

public class MLModel: NSObject {
  public class func load(
    contentsOf url: URL, configuration: MLModelConfiguration = MLModelConfiguration()
  ) async throws -> MLModel { fatalError() }
  public class func compileModel(at modelURL: URL) async throws -> URL { fatalError() }
  public func prediction(from input: any MLFeatureProvider) throws -> any MLFeatureProvider { fatalError() }
  public func prediction(from input: any MLFeatureProvider) async throws -> any MLFeatureProvider { fatalError() }
}

public protocol MLFeatureProvider {
  var featureNames: Set<String> { get }
  func featureValue(for featureName: String) -> MLFeatureValue?
}

public class MLFeatureValue: NSObject {
  public convenience init(pixelBuffer value: CVPixelBuffer) { fatalError() }
  public var dictionaryValue: [AnyHashable: NSNumber] { fatalError() }
  public var multiArrayValue: MLMultiArray? { fatalError() }
}

public class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {
  public init(dictionary: [String: Any]) throws { fatalError() }
  public var featureNames: Set<String> { fatalError() }
  public func featureValue(for featureName: String) -> MLFeatureValue? { fatalError() }
}

public class MLMultiArray: NSObject {}

public protocol MLShapedArrayScalar {}
extension Float: MLShapedArrayScalar {}

public struct MLShapedArray<Scalar: MLShapedArrayScalar> {
  public init(converting multiArray: MLMultiArray) { fatalError() }
  public var scalars: [Scalar] { fatalError() }
}
