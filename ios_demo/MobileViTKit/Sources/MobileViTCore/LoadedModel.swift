import Foundation

/// Apple's frameworks that run models.
public enum Framework: String, Sendable {
  case coreML = "Core ML"
  case coreAI = "Core AI"

  /// As device results name it.
  public var runtime: String {
    switch self {
    case .coreML: "coreml-native"
    case .coreAI: "coreai-native"
    }
  }
}

/// An answer and how long it took.
public struct Answer: Sendable {
  /// In the order of the manifest's shape; of classifiers in the order of the labels.
  public let values: [Float]
  /// From pixels to values.
  public let milliseconds: Double

  /// Takes both.
  public init(values: [Float], milliseconds: Double) {
    self.values = values
    self.milliseconds = milliseconds
  }
}

/// An artifact, loaded, whatever framework runs it: it classifies, segments or extracts features, one picture at a time.
public protocol LoadedModel: AnyObject, Sendable {
  /// What the artifact's converter says of it.
  var manifest: Manifest { get }
  /// The app's half of the preprocessing, to be used on any thread.
  var preprocessor: Preprocessor { get }
  /// What runs it.
  var framework: Framework { get }
  /// How long the framework took to load it, compiled.
  var loadMilliseconds: Double { get }
  /// The values of the answer in the order of its shape, and the time from pixels to them.
  func answer(to pixels: RGBImage) async throws -> Answer
}

extension LoadedModel {
  /// The `count` most probable classes, most probable first.
  public func classify(_ crop: Crop, count: Int = 5) async throws -> [Prediction] {
    try manifest.predictions(await answer(to: crop.pixels).values, count: count)
  }

  /// The labels whose score is above `threshold`, the highest first.
  public func present(_ crop: Crop, threshold: Double = 0.5) async throws -> [Prediction] {
    try manifest.present(await answer(to: crop.pixels).values, threshold: threshold)
  }

  /// Regression's value for each label.
  public func values(_ crop: Crop) async throws -> [LabelledValue] {
    try manifest.values(await answer(to: crop.pixels).values)
  }

  /// The `count` largest logits, largest first.
  public func logits(_ crop: Crop, count: Int = 5) async throws -> [LabelledValue] {
    try manifest.logits(await answer(to: crop.pixels).values, count: count)
  }

  /// The class of each pixel of the crop; `crop.placement` lays it over the picture.
  public func segment(_ crop: Crop) async throws -> ClassMap {
    try manifest.classMap(await answer(to: crop.pixels).values)
  }

  /// The feature vector.
  public func features(_ crop: Crop) async throws -> [Float] {
    try manifest.features(await answer(to: crop.pixels).values)
  }
}
