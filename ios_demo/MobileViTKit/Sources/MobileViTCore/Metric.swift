import Foundation

/// How far answers lie from the expected ones, by the names that golden sets use. Where an answer is not finite a metric
/// is NaN, which no bound lets pass.
public enum Metric: String, CaseIterable, Sendable {
  /// Largest difference of two values.
  case maxAbsError = "max_abs_error"
  /// Power of the expected values over that of the differences, dB, 150 at most.
  case sqnr = "sqnr_db"
  /// Of the angle between the vectors of a picture, the smallest over the pictures.
  case cosine
  /// Share of pictures whose most probable class is the expected one, 0..1.
  case top1Agreement = "top1_agreement"
  /// Share of pixels with the expected class, 0..1.
  case pixelAgreement = "pixel_agreement"

  private static let highestSQNR = 150.0

  /// Whether values above a bound pass, or those below it.
  public var higherIsBetter: Bool { self != .maxAbsError }

  /// Whether `value` lies on the good side of `bound`, or on it; NaN never does.
  public func passes(_ value: Double, _ bound: Double) -> Bool {
    higherIsBetter ? value >= bound : value <= bound
  }

  /// The metric of answers against as many expected ones, one at least, each as long as the expected one.
  public func measure(expected: [[Float]], answers: [[Float]]) -> Double {
    precondition(!expected.isEmpty && expected.map(\.count) == answers.map(\.count), "an answer for each")
    guard answers.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return .nan }
    let pairs = Array(zip(expected, answers))
    switch self {
    case .maxAbsError: return pairs.map { differences($0, $1).map(abs).max() ?? 0 }.max() ?? 0
    case .sqnr: return sqnr(pairs)
    case .cosine: return pairs.map(cosineOf).min() ?? .nan
    case .top1Agreement: return mean(pairs.map { largest(1, of: $0) == largest(1, of: $1) ? 1 : 0 })
    case .pixelAgreement: return mean(pairs.flatMap { differences($0, $1).map { $0 == 0 ? 1 : 0 } })
    }
  }

  private func sqnr(_ pairs: [([Float], [Float])]) -> Double {
    let signal = pairs.map { squares($0.0.map(Double.init)) }.reduce(0, +)
    let noise = pairs.map { squares(differences($0, $1)) }.reduce(0, +)
    if noise == 0 { return Self.highestSQNR }
    return signal > 0 ? min(Self.highestSQNR, 10 * log10(signal / noise)) : -Self.highestSQNR
  }
}

private func differences(_ expected: [Float], _ answer: [Float]) -> [Double] {
  zip(expected, answer).map { Double($0) - Double($1) }
}

private func squares(_ values: [Double]) -> Double {
  values.reduce(0) { $0 + $1 * $1 }
}

private func mean(_ values: [Double]) -> Double {
  values.reduce(0, +) / Double(values.count)
}

/// Two zero vectors point the same way; one of them points nowhere.
private func cosineOf(_ expected: [Float], _ answer: [Float]) -> Double {
  let (a, b) = (expected.map(Double.init), answer.map(Double.init))
  let lengths = squares(a).squareRoot() * squares(b).squareRoot()
  let product = zip(a, b).map(*).reduce(0, +)
  return lengths > 0 ? product / lengths : (squares(a) == squares(b) ? 1 : 0)
}
