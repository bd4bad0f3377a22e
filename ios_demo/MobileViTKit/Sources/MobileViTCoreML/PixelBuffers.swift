#if canImport(CoreML)
  import CoreImage
  import CoreVideo
  import Foundation
  import MobileViTCore

  /// The artifact's input as Core ML takes it: 32BGRA, in memory that the GPU and the Neural Engine can see.
  func makePixelBuffer(_ image: RGBImage) throws -> CVPixelBuffer {
    let attributes = [kCVPixelBufferIOSurfacePropertiesKey: [String: Any]()]
    var created: CVPixelBuffer?
    CVPixelBufferCreate(
      nil, image.width, image.height, kCVPixelFormatType_32BGRA, attributes as CFDictionary, &created)
    guard let buffer = created, CVPixelBufferLockBaseAddress(buffer, []) == kCVReturnSuccess else {
      throw ModelError.memory
    }
    defer { CVPixelBufferUnlockBaseAddress(buffer, []) }
    guard let base = CVPixelBufferGetBaseAddress(buffer) else { throw ModelError.memory }
    let bytesPerRow = CVPixelBufferGetBytesPerRow(buffer)
    let target = UnsafeMutableRawBufferPointer(start: base, count: bytesPerRow * image.height)
    image.bytes.withUnsafeBufferPointer { source in
      for row in 0..<image.height {
        var (from, to) = (row * image.width * 3, row * bytesPerRow)
        for _ in 0..<image.width {
          target[to] = source[from + 2]
          target[to + 1] = source[from + 1]
          target[to + 2] = source[from]
          target[to + 3] = 255
          from += 3
          to += 4
        }
      }
    }
    return buffer
  }

  extension Preprocessor {
    /// The crop of a camera's frame. 32BGRA is read in place; other formats are converted first, which takes its time.
    public func crop(_ buffer: CVPixelBuffer) throws -> Crop {
      guard CVPixelBufferGetPixelFormatType(buffer) == kCVPixelFormatType_32BGRA else {
        let image = CIImage(cvPixelBuffer: buffer)
        guard let converted = CIContext().createCGImage(image, from: image.extent) else {
          throw PreprocessingError.picture("its pixel format cannot be converted")
        }
        return try crop(converted)
      }
      guard CVPixelBufferLockBaseAddress(buffer, .readOnly) == kCVReturnSuccess else {
        throw PreprocessingError.picture("its memory cannot be reached")
      }
      defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
      guard let base = CVPixelBufferGetBaseAddress(buffer) else {
        throw PreprocessingError.picture("its memory cannot be reached")
      }
      let (height, bytesPerRow) = (CVPixelBufferGetHeight(buffer), CVPixelBufferGetBytesPerRow(buffer))
      return crop(
        PixelView(
          bytes: UnsafeRawBufferPointer(start: base, count: height * bytesPerRow),
          width: CVPixelBufferGetWidth(buffer), height: height, bytesPerRow: bytesPerRow, bytesPerPixel: 4,
          channels: (red: 2, green: 1, blue: 0)))
    }
  }
#endif
