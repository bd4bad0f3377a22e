import Foundation

/// Why an answer could not be read.
public enum ReadingError: LocalizedError, Equatable {
  /// The model does something else.
  case task(Manifest.Task)
  /// The model's answer names no labels.
  case meaning(Meaning)
  /// Not as many values as the manifest says.
  case count(Int, expected: Int)
  /// The manifest has an order of axes that is not read here.
  case layout(String)

  /// One sentence for people.
  public var errorDescription: String? {
    switch self {
    case .task(let task): "This model is for \(task.rawValue), not for what was asked of it."
    case .meaning(let meaning): "This model answers with \(meaning.rawValue), which this app cannot show as labels."
    case .count(let count, let expected): "The model gave \(count) values where its manifest says \(expected)."
    case .layout(let output): "The output \(output) is not in the order of axes that this app reads."
    }
  }
}

/// What the values of an artifact's answer say, in the order of its shape.
extension Manifest {
  /// The most probable classes: of probabilities and independent scores as they are, of logits by `activation`.
  ///
  /// A manifest does not say what belongs to logits. Left out, it is softmax, and sigmoid for a single label, of which
  /// softmax would always say 1.
  public func predictions(
    _ values: [Float], count: Int, activation: Activation? = nil
  ) throws -> [Prediction] {
    let shares = try shares(values, activation ?? (labels.count == 1 ? .sigmoid : .softmax))
    return Prediction.best(count, of: shares, labels: labels)
  }

  /// The labels whose score is above `threshold`, the highest first, any number of them: of independent scores as they
  /// are, of logits by sigmoid.
  public func present(_ values: [Float], threshold: Double = 0.5) throws -> [Prediction] {
    guard answer.meaning != .probabilities else { throw ReadingError.meaning(answer.meaning) }
    let shares = try shares(values, .sigmoid)
    return Prediction.best(shares.count, of: shares, labels: labels).filter { $0.probability > threshold }
  }

  /// What the network says of each label, in their order: values that were asked for (regression), or logits as they
  /// are, for thresholds of one's own.
  public func labelled(_ values: [Float]) throws -> [LabelledValue] {
    guard task == .classification else { throw ReadingError.task(task) }
    guard answer.meaning == .values || answer.meaning == .logits else { throw ReadingError.meaning(answer.meaning) }
    try check(values, expected: labels.count)
    return labels.enumerated().map { LabelledValue(id: $0, label: $1, value: Double(values[$0])) }
  }

  /// What the classes of a class map are called, by their index. Where there is but one label, class 1 is it, and 0 all
  /// else.
  public var classLabels: [String] { labels.count == 1 ? labels + labels : labels }

  /// The colours of the classes of a class map, by their index, likewise.
  public var classColors: [RGBColor] { palette.count == 1 ? palette + palette : palette }

  /// 0..1 for each label.
  private func shares(_ values: [Float], _ activation: Activation) throws -> [Double] {
    guard task == .classification else { throw ReadingError.task(task) }
    try check(values, expected: labels.count)
    switch answer.meaning {
    case .probabilities, .scores: return values.map(Double.init)
    case .logits: return activation == .softmax ? softmax(values) : sigmoid(values)
    case .values, .label, .classMap, .features, .featureMap: throw ReadingError.meaning(answer.meaning)
    }
  }

  /// The class of each pixel of the crop, of class maps or logits.
  public func classMap(_ values: [Float]) throws -> ClassMap {
    guard task == .segmentation else { throw ReadingError.task(task) }
    let (width, height) = (preprocessing.cropWidth, preprocessing.cropHeight)
    switch answer.meaning {
    case .classMap:
      try check(values, expected: width * height)
      return ClassMap(width: width, height: height, classes: values.map { UInt8(clamping: Int($0)) })
    case .logits:
      guard answer.layout == .channelsFirst, let sides = Layout.channelsFirst.sides(answer.shape) else {
        throw ReadingError.layout(answer.name)
      }
      try check(values)
      return ClassMap(
        logits: values, maps: sides.channels, mapWidth: sides.width, mapHeight: sides.height, width: width,
        height: height)
    case .probabilities, .scores, .values, .label, .features, .featureMap:
      throw ReadingError.meaning(answer.meaning)
    }
  }

  /// The feature vector.
  public func features(_ values: [Float]) throws -> [Float] {
    guard answer.meaning == .features else { throw ReadingError.task(task) }
    try check(values)
    return values
  }

  private func check(_ values: [Float], expected: Int? = nil) throws {
    let expected = expected ?? answer.shape.reduce(1, *)
    if values.count != expected { throw ReadingError.count(values.count, expected: expected) }
  }
}
