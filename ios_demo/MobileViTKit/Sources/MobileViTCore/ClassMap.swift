import Foundation

/// The class of each pixel of a crop.
public struct ClassMap: Equatable, Sendable {
  /// Where a picture's pixel lies outside of the crop.
  public static let outside: Int16 = -1

  /// Pixels.
  public let width: Int
  /// Pixels.
  public let height: Int
  /// Row by row.
  public let classes: [UInt8]

  /// Takes `width * height` classes.
  public init(width: Int, height: Int, classes: [UInt8]) {
    precondition(classes.count == width * height, "a class for each pixel")
    self.width = width
    self.height = height
    self.classes = classes
  }

  /// The largest logit's class of each pixel, the first of equal ones, once the maps have the crop's size (bilinear,
  /// pixel centres aligned, edges repeated). `logits` are `maps` maps, one after the other, of 256 classes at most.
  /// A single map tells its class from all else: 1 where its sigmoid is above 0.5, which is a logit above 0.
  public init(logits: [Float], maps: Int, mapWidth: Int, mapHeight: Int, width: Int, height: Int) {
    precondition(logits.count == maps * mapWidth * mapHeight && 1...256 ~= maps, "a value for each class and place")
    let across = Self.neighbours(width, among: mapWidth)
    let down = Self.neighbours(height, among: mapHeight)
    let single = maps == 1
    var best = [Float](repeating: single ? 0 : -.infinity, count: width * height)
    var classes = [UInt8](repeating: 0, count: width * height)
    logits.withUnsafeBufferPointer { logits in
      for map in 0..<maps {
        for (y, row) in down.enumerated() {
          let upper = (map * mapHeight + row.first) * mapWidth
          let lower = (map * mapHeight + row.second) * mapWidth
          for (x, column) in across.enumerated() {
            let above = mixed(logits[upper + column.first], logits[upper + column.second], column.share)
            let below = mixed(logits[lower + column.first], logits[lower + column.second], column.share)
            let value = mixed(above, below, row.share)
            if value > best[y * width + x] {
              best[y * width + x] = value
              classes[y * width + x] = single ? 1 : UInt8(map)
            }
          }
        }
      }
    }
    self.init(width: width, height: height, classes: classes)
  }

  /// For each pixel of the picture that the crop was made of, row by row, the class of the crop's pixel that its centre
  /// falls into, or `outside`.
  public func onSource(_ placement: Placement) -> [Int16] {
    let columns = placement.columns
    return placement.rows.flatMap { row in
      columns.map { column in
        (0..<height ~= row && 0..<width ~= column) ? Int16(classes[row * width + column]) : Self.outside
      }
    }
  }

  /// The map in colours, for laying over the crop, or over `Placement.bounds` of the picture: red, green, blue, alpha for
  /// each of its pixels, colours multiplied by alpha. Class 0, the background, stays clear.
  ///
  /// `opacity` is 0..1; `palette` holds a colour for each class, classes beyond it stay clear.
  public func overlay(_ palette: [RGBColor], opacity: Double) -> Data {
    var colors = [SIMD4<UInt8>](repeating: .zero, count: 256)
    for (index, color) in palette.prefix(256).enumerated().dropFirst() {
      let channels = [color.red, color.green, color.blue, 255].map { UInt8((Double($0) * opacity).rounded()) }
      colors[index] = SIMD4(channels)
    }
    var pixels = Data(count: classes.count * 4)
    pixels.withUnsafeMutableBytes { (pixels: UnsafeMutableRawBufferPointer) in
      colors.withUnsafeBufferPointer { colors in
        for (index, label) in classes.enumerated() {
          let color = colors[Int(label)]
          pixels[index * 4] = color.x
          pixels[index * 4 + 1] = color.y
          pixels[index * 4 + 2] = color.z
          pixels[index * 4 + 3] = color.w
        }
      }
    }
    return pixels
  }

  /// The classes in the map but for the background, and the share of its pixels that each has, largest first.
  public var shares: [(label: Int, share: Double)] {
    let counts = classes.reduce(into: [Int](repeating: 0, count: 256)) { $0[Int($1)] += 1 }
    return counts.indices.filter { $0 > 0 && counts[$0] > 0 }.sorted { counts[$0] > counts[$1] }
      .map { ($0, Double(counts[$0]) / Double(classes.count)) }
  }

  private static func neighbours(_ size: Int, among count: Int) -> [(first: Int, second: Int, share: Float)] {
    (0..<size).map { index in
      let place = max((Float(index) + 0.5) * Float(count) / Float(size) - 0.5, 0)
      let first = min(Int(place), count - 1)
      return (first, min(first + 1, count - 1), place - Float(first))
    }
  }
}

@inline(__always) private func mixed(_ a: Float, _ b: Float, _ share: Float) -> Float {
  a * (1 - share) + b * share
}
