#if canImport(CoreML)
  import CoreGraphics
  import Foundation
  import ImageIO
  import MobileViTCore

  extension Preprocessor {
    /// The crop of an image, as it is drawn in sRGB over black; its pixels should stand upright already.
    ///
    /// Files without a colour profile give the bytes that they hold. Others are converted, where Pillow takes their
    /// bytes as they are.
    public func crop(_ image: CGImage) throws -> Crop {
      try withDrawn(image) { crop($0) }
    }
  }

  /// The image in a photograph's file, upright, and no larger than the preprocessing and a screen need; throws
  /// `PreprocessingError` where there is none.
  public func uprightImage(_ file: Data, for preprocessing: Preprocessing) throws -> CGImage {
    guard let source = CGImageSourceCreateWithData(file as CFData, nil),
      let facts = CGImageSourceCopyPropertiesAtIndex(source, 0, nil) as? [CFString: Any],
      let width = facts[kCGImagePropertyPixelWidth] as? Int, let height = facts[kCGImagePropertyPixelHeight] as? Int,
      width > 0, height > 0
    else { throw PreprocessingError.picture("it is no image that this system knows") }
    let liesOnItsSide = (facts[kCGImagePropertyOrientation] as? Int ?? 1) > 4  // as TIFF and EXIF number them
    let (wide, high) = liesOnItsSide ? (height, width) : (width, height)
    let options: [CFString: Any] = [
      kCGImageSourceCreateThumbnailFromImageAlways: true, kCGImageSourceCreateThumbnailWithTransform: true,
      kCGImageSourceThumbnailMaxPixelSize: Placement(width: wide, height: high, preprocessing).longestEdge(),
    ]
    guard let image = CGImageSourceCreateThumbnailAtIndex(source, 0, options as CFDictionary) else {
      throw PreprocessingError.picture("it is damaged")
    }
    return image
  }

  extension RGBImage {
    /// The pixels of a PNG file, as they are.
    public init(png: Data) throws {
      guard let source = CGImageSourceCreateWithData(png as CFData, nil),
        let image = CGImageSourceCreateImageAtIndex(source, 0, nil)
      else { throw PreprocessingError.picture("it is no PNG file") }
      self = try withDrawn(image) { pixels in
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pixels.width * pixels.height * 3)
        for row in 0..<pixels.height {
          for column in 0..<pixels.width {
            let pixel = row * pixels.bytesPerRow + column * pixels.bytesPerPixel
            bytes += [pixels.bytes[pixel], pixels.bytes[pixel + 1], pixels.bytes[pixel + 2]]
          }
        }
        return RGBImage(width: pixels.width, height: pixels.height, bytes: bytes)
      }
    }
  }

  extension ClassMap {
    /// The overlay (see `overlay`) as an image of the crop's size; nil where there is no memory for it.
    public func overlayImage(_ palette: [RGBColor], opacity: Double = 0.5) -> CGImage? {
      let data = overlay(palette, opacity: opacity) as CFData
      guard let space = CGColorSpace(name: CGColorSpace.sRGB), let provider = CGDataProvider(data: data)
      else { return nil }
      return CGImage(
        width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 32, bytesPerRow: width * 4, space: space,
        bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.premultipliedLast.rawValue), provider: provider,
        decode: nil, shouldInterpolate: false, intent: .defaultIntent)
    }
  }

  /// Draws an image and calls `body` with red, green and blue of its pixels.
  func withDrawn<Result>(_ image: CGImage, _ body: (PixelView) throws -> Result) throws -> Result {
    guard let space = CGColorSpace(name: CGColorSpace.sRGB),
      let context = CGContext(
        data: nil, width: image.width, height: image.height, bitsPerComponent: 8, bytesPerRow: 0, space: space,
        bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue),
      let base = context.data
    else { throw PreprocessingError.picture("there is no memory for it") }
    context.draw(image, in: CGRect(x: 0, y: 0, width: image.width, height: image.height))
    return try withExtendedLifetime(context) {
      try body(
        PixelView(
          bytes: UnsafeRawBufferPointer(start: base, count: context.bytesPerRow * image.height), width: image.width,
          height: image.height, bytesPerRow: context.bytesPerRow, bytesPerPixel: 4,
          channels: (red: 0, green: 1, blue: 2)))
    }
  }
#endif
