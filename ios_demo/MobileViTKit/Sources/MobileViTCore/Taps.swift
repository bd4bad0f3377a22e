import Foundation

/// Along one axis, which source pixels make up an output pixel and by how much: Pillow's filters, in its integers.
///
/// A filter is stretched when it shrinks an image (antialiasing). Weights sum to one and are rounded to 22 binary
/// digits, as Pillow rounds them for 8-bit images, so that the results are equal bit for bit.
struct Taps {
  static let precision: Int32 = 22

  /// Of each output pixel the first source pixel.
  private(set) var starts: [Int] = []
  /// The weights, `length` for each output pixel, with zeros after those that count.
  private(set) var weights: [Int32] = []
  /// How many weights an output pixel has.
  let length: Int

  /// The source pixels that are needed.
  var sources: Range<Int> {
    let first = starts.first ?? 0
    return first..<(starts.last ?? first) + length
  }

  /// For the output pixels `wanted` out of `output`, from `input` source pixels.
  init(input: Int, output: Int, wanted: Range<Int>, _ filter: Filter) {
    let scale = Double(input) / Double(output)
    let stretch = max(scale, 1)
    let shrink = 1 / stretch
    let support = filter.support * stretch
    length = min(Int(support.rounded(.up)) * 2 + 1, input)
    for index in wanted {
      let center = (Double(index) + 0.5) * scale
      let start = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), input)
      let shares = (start..<end).map { filter.weight((Double($0) - center + 0.5) * shrink) }
      let sum = shares.reduce(0, +)
      // All rows of weights read `length` pixels; near the end they begin earlier, with zeros.
      let first = min(start, input - length)
      starts.append(first)
      weights += [Int32](repeating: 0, count: start - first)
      weights += shares.map { Int32(($0 / sum * Double(1 << Self.precision)).rounded(.toNearestOrAwayFromZero)) }
      weights += [Int32](repeating: 0, count: first + length - end)
    }
  }
}

/// A resampling filter: its reach in pixels to each side, and the weight of a pixel at a distance.
struct Filter: Sendable {
  let support: Double
  let weight: @Sendable (Double) -> Double

  /// nil for nearest, which weighs nothing, and for filters that do not widen. Without resizing all of them keep pixels
  /// as they are.
  init?(_ preprocessing: Preprocessing) {
    let keeps = preprocessing.resize == .none
    guard keeps || preprocessing.antialias else { return nil }
    switch keeps ? .box : preprocessing.interpolation {
    case .nearest: return nil
    case .box: self.init(support: 0.5) { -0.5 < $0 && $0 <= 0.5 ? 1 : 0 }
    case .bilinear: self.init(support: 1) { max(1 - abs($0), 0) }
    case .hamming: self.init(support: 1) { abs($0) < 1 ? sinc($0) * (0.54 + 0.46 * cos(.pi * $0)) : 0 }
    case .bicubic: self.init(support: 2, weight: cubic)
    case .lanczos: self.init(support: 3) { abs($0) < 3 ? sinc($0) * sinc($0 / 3) : 0 }
    }
  }

  private init(support: Double, weight: @escaping @Sendable (Double) -> Double) {
    self.support = support
    self.weight = weight
  }
}

@Sendable private func sinc(_ x: Double) -> Double {
  x == 0 ? 1 : sin(.pi * x) / (.pi * x)
}

/// Keys' cubic with a = -0.5.
@Sendable private func cubic(_ x: Double) -> Double {
  let x = abs(x)
  if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
}
