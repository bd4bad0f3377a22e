import Foundation

/// The crop that an artifact takes, and where it lies in the picture it was made of.
public struct Crop: Equatable, Sendable {
  /// The pixels, of the manifest's crop size.
  public let pixels: RGBImage
  /// Maps results back onto the picture.
  public let placement: Placement
}

/// Why a picture could not be made into the artifact's input.
public enum PreprocessingError: LocalizedError, Equatable {
  /// The manifest asks for a filter that this package has not.
  case filter(String)
  /// The manifest asks for an input that this package does not make.
  case input(String)
  /// The picture's pixels are in a form that cannot be read.
  case picture(String)

  /// One sentence for people.
  public var errorDescription: String? {
    switch self {
    case .filter(let name): "This app cannot resize pictures as the model asks for: \(name)."
    case .input(let what): "This app cannot feed the model, whose input is \(what)."
    case .picture(let problem): "The picture cannot be read: \(problem)."
    }
  }
}

/// The app's half of the preprocessing, equal to the reference's bit for bit: Pillow's antialiased resize in Pillow's
/// integers, then the centre crop. It computes only what the crop shows.
public struct Preprocessor: Sendable {
  /// What it does.
  public let preprocessing: Preprocessing
  private let filter: Filter
  private let grey: Bool

  /// For a model that takes one image at a time; throws `PreprocessingError` where it takes something else.
  public init(_ manifest: Manifest) throws {
    let input = manifest.input
    guard input.batch == 1 else { throw PreprocessingError.input("a batch of \(input.batch) pictures") }
    guard input.kind == .image else { throw PreprocessingError.input("a tensor, not an image") }
    try self.init(manifest.preprocessing, grey: input.colorOrder == .grey)
  }

  /// Throws `PreprocessingError.filter` for "nearest" and for filters without antialiasing.
  ///
  /// grey: whether pictures become grey before all else, as where data sets are read in grey; rounding shows it.
  public init(_ preprocessing: Preprocessing, grey: Bool = false) throws {
    guard let filter = Filter(preprocessing) else {
      let name = preprocessing.interpolation.rawValue
      throw PreprocessingError.filter(preprocessing.antialias ? name : "\(name) without antialiasing")
    }
    self.preprocessing = preprocessing
    self.filter = filter
    self.grey = grey
  }

  /// The crop of a picture.
  public func crop(_ picture: RGBImage) -> Crop {
    picture.withPixels(crop)
  }

  /// The crop of pixels in someone else's memory.
  public func crop(_ picture: PixelView) -> Crop {
    grey ? RGBImage(greyOf: picture).withPixels(cropped) : cropped(picture)
  }

  private func cropped(_ picture: PixelView) -> Crop {
    let placement = Placement(width: picture.width, height: picture.height, preprocessing)
    // The part of the resized picture that the crop shows; zeros are around it where the crop is larger.
    let columns = max(placement.left, 0)..<min(placement.left + placement.cropWidth, placement.resizedWidth)
    let rows = max(placement.top, 0)..<min(placement.top + placement.cropHeight, placement.resizedHeight)
    let across = Taps(input: picture.width, output: placement.resizedWidth, wanted: columns, filter)
    let down = Taps(input: picture.height, output: placement.resizedHeight, wanted: rows, filter)
    let shown: [UInt8]
    if placement.heightFirst {
      let band = Self.resizedDown(picture, columns: across.sources, from: 0, down)
      shown = RGBImage(width: across.sources.count, height: rows.count, bytes: band).withPixels {
        Self.resizedAcross($0, rows: 0..<rows.count, from: across.sources.lowerBound, across)
      }
    } else {
      let band = Self.resizedAcross(picture, rows: down.sources, from: 0, across)
      shown = RGBImage(width: columns.count, height: down.sources.count, bytes: band).withPixels {
        Self.resizedDown($0, columns: 0..<columns.count, from: down.sources.lowerBound, down)
      }
    }
    return Crop(pixels: Self.padded(shown, columns.count, rows.count, placement), placement: placement)
  }

  /// Rows of a picture whose first column is column `from` to `taps`, resized to their columns: three bytes each.
  private static func resizedAcross(_ picture: PixelView, rows: Range<Int>, from: Int, _ taps: Taps) -> [UInt8] {
    let size = rows.count * taps.starts.count * 3
    return [UInt8](unsafeUninitializedCapacity: size) { output, count in
      taps.weights.withUnsafeBufferPointer { weights in
        var out = 0
        for row in rows {
          for (column, start) in taps.starts.enumerated() {
            let first = row * picture.bytesPerRow + (start - from) * picture.bytesPerPixel
            let place = column * taps.length..<(column + 1) * taps.length
            write(picture, first, picture.bytesPerPixel, weights, place, to: output, out)
            out += 3
          }
        }
      }
      count = size
    }
  }

  /// Columns of a picture whose first row is row `from` to `taps`, resized to their rows: three bytes each.
  private static func resizedDown(_ picture: PixelView, columns: Range<Int>, from: Int, _ taps: Taps) -> [UInt8] {
    let size = taps.starts.count * columns.count * 3
    return [UInt8](unsafeUninitializedCapacity: size) { output, count in
      taps.weights.withUnsafeBufferPointer { weights in
        var out = 0
        for (row, start) in taps.starts.enumerated() {
          let place = row * taps.length..<(row + 1) * taps.length
          for column in columns {
            let first = (start - from) * picture.bytesPerRow + column * picture.bytesPerPixel
            write(picture, first, picture.bytesPerRow, weights, place, to: output, out)
            out += 3
          }
        }
      }
      count = size
    }
  }

  /// Weighs the pixels from byte `first` on, `step` bytes apart, by the weights at `place`; writes red, green and blue.
  @inline(__always) private static func write(
    _ picture: PixelView, _ first: Int, _ step: Int, _ weights: UnsafeBufferPointer<Int32>, _ place: Range<Int>,
    to output: UnsafeMutableBufferPointer<UInt8>, _ out: Int
  ) {
    let (red, green, blue) = picture.channels
    var (r, g, b) = (half, half, half)
    var pixel = first
    for tap in place {
      let weight = weights[tap]
      r &+= weight &* Int32(picture.bytes[pixel + red])
      g &+= weight &* Int32(picture.bytes[pixel + green])
      b &+= weight &* Int32(picture.bytes[pixel + blue])
      pixel += step
    }
    output[out] = byte(r)
    output[out + 1] = byte(g)
    output[out + 2] = byte(b)
  }

  private static func padded(_ shown: [UInt8], _ width: Int, _ height: Int, _ placement: Placement) -> RGBImage {
    let (cropWidth, cropHeight) = (placement.cropWidth, placement.cropHeight)
    if width == cropWidth && height == cropHeight {
      return RGBImage(width: width, height: height, bytes: shown)
    }
    var bytes = [UInt8](repeating: 0, count: cropWidth * cropHeight * 3)
    let (left, top) = (max(-placement.left, 0), max(-placement.top, 0))
    for row in 0..<height {
      let start = ((top + row) * cropWidth + left) * 3
      bytes.replaceSubrange(start..<start + width * 3, with: shown[row * width * 3..<(row + 1) * width * 3])
    }
    return RGBImage(width: cropWidth, height: cropHeight, bytes: bytes)
  }
}

private let half: Int32 = 1 << (Taps.precision - 1)

@inline(__always) private func byte(_ sum: Int32) -> UInt8 {
  UInt8(clamping: sum >> Taps.precision)
}
