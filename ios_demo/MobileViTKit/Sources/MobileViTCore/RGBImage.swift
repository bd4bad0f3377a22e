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

  /// Calls `body` with the pixels.
  public func withPixels<Result>(_ body: (PixelView) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes {
      try body(
        PixelView(
          bytes: $0, width: width, height: height, bytesPerRow: width * 3, bytesPerPixel: 3, channels: (0, 1, 2)))
    }
  }
}
