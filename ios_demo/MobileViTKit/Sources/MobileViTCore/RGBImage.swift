import Foundation

/// Pixels in memory that someone else owns, 8 bits a channel, as cameras and drawing contexts give them.
///
/// Valid only as long as that memory is: inside of the closure that handed it over.
public struct PixelView {
  /// The bytes, `height` rows of them.
  public let bytes: UnsafeRawBufferPointer
  /// Pixels.
  public let width: Int
  /// Pixels.
  public let height: Int
  /// From the start of a row to that of the next.
  public let bytesPerRow: Int
  /// From a pixel to the next.
  public let bytesPerPixel: Int
  /// Where in a pixel red, green and blue are.
  public let channels: (red: Int, green: Int, blue: Int)

  /// A view of rows of pixels; the bytes must reach to the last pixel of the last row.
  public init(
    bytes: UnsafeRawBufferPointer, width: Int, height: Int, bytesPerRow: Int, bytesPerPixel: Int,
    channels: (red: Int, green: Int, blue: Int)
  ) {
    precondition(width > 0 && height > 0 && width * bytesPerPixel <= bytesPerRow, "a row holds its pixels")
    precondition(bytes.count >= (height - 1) * bytesPerRow + width * bytesPerPixel, "the bytes hold all rows")
    precondition([channels.red, channels.green, channels.blue].allSatisfy { 0..<bytesPerPixel ~= $0 })
    self.bytes = bytes
    self.width = width
    self.height = height
    self.bytesPerRow = bytesPerRow
    self.bytesPerPixel = bytesPerPixel
    self.channels = channels
  }

  /// One byte a pixel, which is its red, green and blue, without gaps between rows.
  init(grey bytes: UnsafeRawBufferPointer, width: Int, height: Int) {
    self.init(
      bytes: bytes, width: width, height: height, bytesPerRow: width, bytesPerPixel: 1, channels: (0, 0, 0))
  }

  /// Writes the brightness of each pixel, see `brightness`, in rows of `bytesPerRow`; grey ones keep theirs.
  func writeGrey(to target: UnsafeMutableRawBufferPointer, bytesPerRow length: Int) {
    precondition(width <= length && height * length <= target.count, "there is room for all rows")
    for row in 0..<height {
      for column in 0..<width {
        let pixel = row * bytesPerRow + column * bytesPerPixel
        target[row * length + column] = brightness(
          bytes[pixel + channels.red], bytes[pixel + channels.green], bytes[pixel + channels.blue])
      }
    }
  }
}

/// An image of one's own: red, green, blue for each pixel, row by row, 0..255.
public struct RGBImage: Equatable, Sendable {
  /// Pixels.
  public let width: Int
  /// Pixels.
  public let height: Int
  /// `width * height * 3` of them.
  public let bytes: [UInt8]

  /// Takes `width * height * 3` bytes.
  public init(width: Int, height: Int, bytes: [UInt8]) {
    precondition(width > 0 && height > 0 && bytes.count == width * height * 3, "three bytes a pixel")
    self.width = width
    self.height = height
    self.bytes = bytes
  }

  /// Writes blue, green, red and 255 for each pixel, in rows of `bytesPerRow`.
  public func writeBGRA(to target: UnsafeMutableRawBufferPointer, bytesPerRow: Int) {
    precondition(width * 4 <= bytesPerRow && height * bytesPerRow <= target.count, "there is room for all rows")
    bytes.withUnsafeBufferPointer { source in
      for row in 0..<height {
        var (from, to) = (row * width * 3, row * bytesPerRow)
        for _ in 0..<width {
          target[to] = source[from + 2]
          target[to + 1] = source[from + 1]
          target[to + 2] = source[from]
          target[to + 3] = 255
          from += 3
          to += 4
        }
      }
    }
  }

  /// Writes the brightness of each pixel, see `brightness`, in rows of `bytesPerRow`; grey ones keep theirs.
  public func writeGrey(to target: UnsafeMutableRawBufferPointer, bytesPerRow: Int) {
    withPixels { $0.writeGrey(to: target, bytesPerRow: bytesPerRow) }
  }

  /// The pixels as bytes of a tensor in the order that `input` names.
  public func tensor(_ input: InputSpec) -> [UInt8] {
    if input.colorOrder == .grey {
      var grey = [UInt8](repeating: 0, count: width * height)
      grey.withUnsafeMutableBytes { writeGrey(to: $0, bytesPerRow: width) }
      return grey
    }
    if input.layout == .channelsLast { return bytes }
    let pixels = width * height
    return [UInt8](unsafeUninitializedCapacity: bytes.count) { planes, count in
      for pixel in 0..<pixels {
        for channel in 0..<3 { planes[channel * pixels + pixel] = bytes[pixel * 3 + channel] }
      }
      count = bytes.count
    }
  }

  /// Calls `body` with the pixels.
  public func withPixels<Result>(_ body: (PixelView) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes {
      try body(
        PixelView(
          bytes: $0, width: width, height: height, bytesPerRow: width * 3, bytesPerPixel: 3, channels: (0, 1, 2)))
    }
  }
}

/// As Pillow has it: ITU-R 601-2 in 16 binary digits.
@inline(__always) private func brightness(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
  UInt8((19_595 * Int(red) + 38_470 * Int(green) + 7_471 * Int(blue) + 0x8000) >> 16)
}
