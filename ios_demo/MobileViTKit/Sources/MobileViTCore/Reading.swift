import Foundation

/// Why an answer could not be read.
public enum ReadingError: LocalizedError, Equatable {
  /// The model does something else.
  case task(Manifest.Task)
  /// The model's answer means something else.
  case meaning(Meaning)
  /// Not as many values as the manifest says.
  case count(Int, expected: Int)
  /// The manifest has an order of axes that is not read here.
  case layout(String)

  /// One sentence for people.
  public var errorDescription: String? {
    switch self {
    case .task(let task): "This model is for \(task.rawValue), not for what was asked of it."
    case .meaning(let meaning): "This model answers with \(meaning.rawValue), which cannot be read so."
    case .count(let count, let expected): "The model gave \(count) values where its manifest says \(expected)."
    case .layout(let output): "The output \(output) is not in the order of axes that this app reads."
    }
  }
}

/// What the values of an artifact's answer say, in the order of its shape.
extension Manifest {
  /// The `count` most probable classes, of probabilities and independent scores.
  public func predictions(_ values: [Float], count: Int) throws -> [Prediction] {
    try check(values, of: .probabilities, .scores)
    return Prediction.best(count, of: values.map(Double.init), labels: labels)
  }

  /// The labels whose independent score is above `threshold`, the highest first, any number of them.
  public func present(_ values: [Float], threshold: Double = 0.5) throws -> [Prediction] {
    try check(values, of: .scores)
    return try predictions(values, count: values.count).filter { $0.probability > threshold }
  }

  /// The number that was asked for (regression) of each label, in their order.
  public func values(_ values: [Float]) throws -> [LabelledValue] {
    try check(values, of: .values)
    return values.indices.map { LabelledValue(id: $0, label: labels[$0], value: Double(values[$0])) }
  }

  /// The `count` largest logits as they are, largest first. The manifest does not say whether softmax or sigmoid would
  /// make probabilities of them, so nothing does here.
  public func logits(_ values: [Float], count: Int) throws -> [LabelledValue] {
    try check(values, of: .logits)
    return largest(count, of: values).map { LabelledValue(id: $0, label: labels[$0], value: Double(values[$0])) }
  }

  /// What the classes of a class map are called, by their index. Where there is but one label, class 1 is it, and class
  /// 0 all else.
  public var classLabels: [String] { labels.count == 1 ? ["not \(labels[0])"] + labels : labels }

  /// The colours of the classes of a class map, by their index, likewise; of all else black.
  public var classColors: [RGBColor] { palette.count == 1 ? [.black] + palette : palette }

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

  private func check(_ values: [Float], of meanings: Meaning...) throws {
    guard task == .classification else { throw ReadingError.task(task) }
    guard meanings.contains(answer.meaning) else { throw ReadingError.meaning(answer.meaning) }
    try check(values, expected: labels.count)
  }

  private func check(_ values: [Float], expected: Int? = nil) throws {
    let expected = expected ?? answer.shape.reduce(1, *)
    if values.count != expected { throw ReadingError.count(values.count, expected: expected) }
  }
}
