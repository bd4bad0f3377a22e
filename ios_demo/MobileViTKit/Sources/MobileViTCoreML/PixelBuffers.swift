#if canImport(CoreML)
  import CoreImage
  import CoreVideo
  import Foundation
  import MobileViTCore

  /// Makes the artifact's input as Core ML takes it, in memory that the GPU and the Neural Engine can see: 32BGRA, or one
  /// byte a pixel where the artifact takes grey. The memory is used again once Core ML has let go of it.
  struct PixelBuffers {
    private let pool: CVPixelBufferPool
    private let isGrey: Bool

    init(_ input: InputSpec, _ preprocessing: Preprocessing) throws {
      isGrey = input.colorOrder == .grey
      let format = isGrey ? kCVPixelFormatType_OneComponent8 : kCVPixelFormatType_32BGRA
      let attributes: [CFString: Any] = [
        kCVPixelBufferWidthKey: preprocessing.cropWidth, kCVPixelBufferHeightKey: preprocessing.cropHeight,
        kCVPixelBufferPixelFormatTypeKey: format, kCVPixelBufferIOSurfacePropertiesKey: [String: Any](),
      ]
      var created: CVPixelBufferPool?
      CVPixelBufferPoolCreate(nil, nil, attributes as CFDictionary, &created)
      guard let created else { throw ModelError.memory }
      pool = created
    }

    /// The pixels of a crop.
    func filled(with image: RGBImage) throws -> CVPixelBuffer {
      var created: CVPixelBuffer?
      CVPixelBufferPoolCreatePixelBuffer(nil, pool, &created)
      guard let buffer = created, CVPixelBufferLockBaseAddress(buffer, []) == kCVReturnSuccess else {
        throw ModelError.memory
      }
      defer { CVPixelBufferUnlockBaseAddress(buffer, []) }
      guard let base = CVPixelBufferGetBaseAddress(buffer) else { throw ModelError.memory }
      let bytesPerRow = CVPixelBufferGetBytesPerRow(buffer)
      let target = UnsafeMutableRawBufferPointer(start: base, count: bytesPerRow * CVPixelBufferGetHeight(buffer))
      if isGrey {
        image.writeGrey(to: target, bytesPerRow: bytesPerRow)
      } else {
        image.writeBGRA(to: target, bytesPerRow: bytesPerRow)
      }
      return buffer
    }
  }

  extension Preprocessor {
    /// The crop of a camera's frame. 32BGRA is read in place; other formats are converted first, which takes its time.
    public func crop(_ buffer: CVPixelBuffer) throws -> Crop {
      try withPixels(of: buffer) { crop($0) }
    }
  }

  extension Cropper {
    /// The same.
    public func crop(_ buffer: CVPixelBuffer) throws -> Crop {
      try withPixels(of: buffer) { crop($0) }
    }
  }

  /// Converts what is no 32BGRA. One for all, as it keeps memory; Apple's documentation lets all threads use it.
  nonisolated(unsafe) private let converter = CIContext()

  private func withPixels<Result>(of buffer: CVPixelBuffer, _ body: (PixelView) -> Result) throws -> Result {
    guard CVPixelBufferGetPixelFormatType(buffer) == kCVPixelFormatType_32BGRA else {
      let image = CIImage(cvPixelBuffer: buffer)
      guard let converted = converter.createCGImage(image, from: image.extent) else {
        throw PreprocessingError.picture("its pixel format cannot be converted")
      }
      return try withDrawn(converted, body)
    }
    guard CVPixelBufferLockBaseAddress(buffer, .readOnly) == kCVReturnSuccess else {
      throw PreprocessingError.picture("its memory cannot be reached")
    }
    defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
    guard let base = CVPixelBufferGetBaseAddress(buffer) else {
      throw PreprocessingError.picture("its memory cannot be reached")
    }
    let (height, bytesPerRow) = (CVPixelBufferGetHeight(buffer), CVPixelBufferGetBytesPerRow(buffer))
    return body(
      PixelView(
        bytes: UnsafeRawBufferPointer(start: base, count: height * bytesPerRow), width: CVPixelBufferGetWidth(buffer),
        height: height, bytesPerRow: bytesPerRow, bytesPerPixel: 4, channels: (red: 2, green: 1, blue: 0)))
  }
#endif
