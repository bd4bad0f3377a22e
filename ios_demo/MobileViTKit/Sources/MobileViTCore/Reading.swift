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
  /// The most probable classes: of probabilities and independent scores as they are, of logits by softmax.
  public func predictions(_ values: [Float], count: Int) throws -> [Prediction] {
    guard task == .classification else { throw ReadingError.task(task) }
    let probabilities: [Double]
    switch answer.meaning {
    case .probabilities, .scores: probabilities = values.map(Double.init)
    case .logits: probabilities = softmax(values)
    case .values, .label, .classMap, .features, .featureMap: throw ReadingError.meaning(answer.meaning)
    }
    try check(values, expected: labels.count)
    return Prediction.best(count, of: probabilities, labels: labels)
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
