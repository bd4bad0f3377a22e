import Foundation

/// A class and how probable it is.
public struct Prediction: Equatable, Sendable, Identifiable {
  /// The class's index.
  public let id: Int
  /// Its name.
  public let label: String
  /// 0..1; of independent scores, that the class is there, whatever the others are.
  public let probability: Double

  /// The `count` most probable classes, the first of equal ones first; fewer where there are fewer.
  public static func best(_ count: Int, of probabilities: [Double], labels: [String]) -> [Prediction] {
    largest(count, of: probabilities).map { Prediction(id: $0, label: labels[$0], probability: probabilities[$0]) }
  }
}

/// What a network says of a label in the label's own unit: a number that was asked for, or a logit.
public struct LabelledValue: Equatable, Sendable, Identifiable {
  /// The label's index.
  public let id: Int
  /// Its name.
  public let label: String
  /// Any number.
  public let value: Double

  /// Takes all three.
  public init(id: Int, label: String, value: Double) {
    self.id = id
    self.label = label
    self.value = value
  }
}

/// The indices of the `count` largest values, largest first, the first of equal ones first.
public func largest<Value: Comparable>(_ count: Int, of values: [Value]) -> [Int] {
  Array(values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }.prefix(count))
}
