#if canImport(CoreML)
  import CoreImage
  import CoreVideo
  import Foundation
  import MobileViTCore

  /// The artifact's input as Core ML takes it, in memory that the GPU and the Neural Engine can see: 32BGRA, or one byte
  /// a pixel where the artifact takes grey.
  func makePixelBuffer(_ image: RGBImage, _ order: InputSpec.ColorOrder) throws -> CVPixelBuffer {
    let attributes = [kCVPixelBufferIOSurfacePropertiesKey: [String: Any]()]
    let format = order == .grey ? kCVPixelFormatType_OneComponent8 : kCVPixelFormatType_32BGRA
    var created: CVPixelBuffer?
    CVPixelBufferCreate(nil, image.width, image.height, format, attributes as CFDictionary, &created)
    guard let buffer = created, CVPixelBufferLockBaseAddress(buffer, []) == kCVReturnSuccess else {
      throw ModelError.memory
    }
    defer { CVPixelBufferUnlockBaseAddress(buffer, []) }
    guard let base = CVPixelBufferGetBaseAddress(buffer) else { throw ModelError.memory }
    let bytesPerRow = CVPixelBufferGetBytesPerRow(buffer)
    let target = UnsafeMutableRawBufferPointer(start: base, count: bytesPerRow * image.height)
    if order == .grey {
      image.writeGrey(to: target, bytesPerRow: bytesPerRow)
    } else {
      image.writeBGRA(to: target, bytesPerRow: bytesPerRow)
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
