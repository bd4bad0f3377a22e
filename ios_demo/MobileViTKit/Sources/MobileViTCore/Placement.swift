import Foundation

/// Where the pixels of a picture go: resized, then cropped around the centre.
public struct Placement: Equatable, Sendable {
  /// Of the picture, pixels.
  public let sourceWidth: Int
  /// Of the picture, pixels.
  public let sourceHeight: Int
  /// Of the picture after resizing, pixels.
  public let resizedWidth: Int
  /// Of the picture after resizing, pixels.
  public let resizedHeight: Int
  /// The crop's left edge in the resized picture, pixels; negative where zeros pad the crop.
  public let left: Int
  /// The crop's top edge, likewise.
  public let top: Int
  /// Of the crop, pixels.
  public let cropWidth: Int
  /// Of the crop, pixels.
  public let cropHeight: Int

  /// Of a picture of this size, one pixel wide and high at least.
  public init(width: Int, height: Int, _ preprocessing: Preprocessing) {
    precondition(width > 0 && height > 0, "a picture has pixels")
    sourceWidth = width
    sourceHeight = height
    switch preprocessing.resize {
    case .shortestEdge(let edge):
      let longest = Int(Double(edge * max(width, height)) / Double(min(width, height)))
      resizedWidth = width <= height ? edge : longest
      resizedHeight = width <= height ? longest : edge
    case .bothSides(let edgeHeight, let edgeWidth):
      resizedWidth = edgeWidth
      resizedHeight = edgeHeight
    case .cover(let edgeHeight, let edgeWidth):
      let ratio = min(Double(width) / Double(edgeWidth), Double(height) / Double(edgeHeight))
      (resizedWidth, resizedHeight) = (Self.rounded(width, ratio), Self.rounded(height, ratio))
    case .contain(let edgeHeight, let edgeWidth):
      let ratio = max(Double(width) / Double(edgeWidth), Double(height) / Double(edgeHeight))
      (resizedWidth, resizedHeight) = (Self.rounded(width, ratio), Self.rounded(height, ratio))
    case .none:
      resizedWidth = width
      resizedHeight = height
    }
    cropWidth = preprocessing.cropWidth
    cropHeight = preprocessing.cropHeight
    // A shift rounds down for negative numbers too, as the reference does where it pads.
    left = (resizedWidth - cropWidth) >> 1
    top = (resizedHeight - cropHeight) >> 1
  }

  /// Where the crop lies on the picture, in shares of the picture's width and height; it may reach beyond.
  public var bounds: (left: Double, top: Double, width: Double, height: Double) {
    let (wide, high) = (Double(resizedWidth), Double(resizedHeight))
    return (Double(left) / wide, Double(top) / high, Double(cropWidth) / wide, Double(cropHeight) / high)
  }

  /// How many pixels the picture's longest edge has to keep where a decoder can shrink it as it reads: twice what the crop
  /// needs, so that the decoder's own filter hardly shows, and no fewer than `least`, to be looked at. All of them where
  /// the crop takes the picture's pixels as they are.
  public func longestEdge(atLeast least: Int = 2048) -> Int {
    let whole = max(sourceWidth, sourceHeight)
    let shares = [(resizedWidth, sourceWidth), (resizedHeight, sourceHeight)].map { Double($0) / Double($1) }
    let needed = 2 * Double(whole) * max(shares[0], shares[1])
    return min(whole, max(least, Int(needed.rounded(.up))))
  }

  /// Whether the height is resized before the width: what lies between is rounded, so the order shows. This is Pillow's
  /// from 13.0 on; before, the width always came first.
  var heightFirst: Bool {
    sourceHeight - resizedHeight > max(2 * (sourceWidth - resizedWidth), 0)
  }

  /// The crop's column that each column of the picture falls into by its centre; outside of the crop below zero or
  /// beyond it.
  var columns: [Int] {
    (0..<sourceWidth).map { Self.position($0, sourceWidth, resizedWidth) - left }
  }

  /// The crop's row of each row of the picture, likewise.
  var rows: [Int] {
    (0..<sourceHeight).map { Self.position($0, sourceHeight, resizedHeight) - top }
  }

  /// Halves to even, as Python does; one pixel at least.
  private static func rounded(_ size: Int, _ ratio: Double) -> Int {
    max(1, Int((Double(size) / ratio).rounded(.toNearestOrEven)))
  }

  private static func position(_ index: Int, _ size: Int, _ resized: Int) -> Int {
    Int(((Double(index) + 0.5) * Double(resized) / Double(size)).rounded(.down))
  }
}
