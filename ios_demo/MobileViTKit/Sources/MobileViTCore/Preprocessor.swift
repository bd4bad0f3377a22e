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

  /// For a model that takes one image at a time; throws `PreprocessingError` where it takes something else.
  public init(_ manifest: Manifest) throws {
    let input = manifest.input
    guard input.batch == 1 else { throw PreprocessingError.input("a batch of \(input.batch) pictures") }
    guard input.kind == .image else { throw PreprocessingError.input("a tensor, not an image") }
    try self.init(manifest.preprocessing)
  }

  /// Throws `PreprocessingError.filter` for "nearest" and for filters without antialiasing.
  public init(_ preprocessing: Preprocessing) throws {
    guard let filter = Filter(preprocessing) else {
      let name = preprocessing.interpolation.rawValue
      throw PreprocessingError.filter(preprocessing.antialias ? name : "\(name) without antialiasing")
    }
    self.preprocessing = preprocessing
    self.filter = filter
  }

  /// The crop of a picture.
  public func crop(_ picture: RGBImage) -> Crop {
    picture.withPixels(crop)
  }

  /// The crop of pixels in someone else's memory.
  public func crop(_ picture: PixelView) -> Crop {
    let placement = Placement(width: picture.width, height: picture.height, preprocessing)
    // The part of the resized picture that the crop shows; zeros are around it where the crop is larger.
    let columns = max(placement.left, 0)..<min(placement.left + placement.cropWidth, placement.resizedWidth)
    let rows = max(placement.top, 0)..<min(placement.top + placement.cropHeight, placement.resizedHeight)
    let across = Taps(input: picture.width, output: placement.resizedWidth, wanted: columns, filter)
    let down = Taps(input: picture.height, output: placement.resizedHeight, wanted: rows, filter)
    let first = down.starts.first ?? 0
    let needed = first..<(down.starts.last ?? first) + down.length
    let band = Self.resizedAcross(picture, rows: needed, across)
    let shown = Self.resizedDown(band, rowLength: columns.count * 3, firstRow: first, down)
    return Crop(
      pixels: Self.padded(shown, columns.count, rows.count, placement),
      placement: placement)
  }

  /// Rows of the picture, resized to the columns of `taps`: three bytes each.
  private static func resizedAcross(_ picture: PixelView, rows: Range<Int>, _ taps: Taps) -> [UInt8] {
    let (red, green, blue) = picture.channels
    let (step, length, starts) = (picture.bytesPerPixel, taps.length, taps.starts)
    let size = rows.count * starts.count * 3
    return [UInt8](unsafeUninitializedCapacity: size) { output, count in
      taps.weights.withUnsafeBufferPointer { weights in
        var out = 0
        for row in rows {
          for (column, start) in starts.enumerated() {
            var (r, g, b) = (half, half, half)
            var pixel = row * picture.bytesPerRow + start * step
            for tap in column * length..<(column + 1) * length {
              let weight = weights[tap]
              r &+= weight &* Int32(picture.bytes[pixel + red])
              g &+= weight &* Int32(picture.bytes[pixel + green])
              b &+= weight &* Int32(picture.bytes[pixel + blue])
              pixel += step
            }
            output[out] = byte(r)
            output[out + 1] = byte(g)
            output[out + 2] = byte(b)
            out += 3
          }
        }
      }
      count = size
    }
  }

  /// Rows of `rowLength` bytes, the first being the picture's `firstRow`, resized to the rows of `taps`.
  private static func resizedDown(_ band: [UInt8], rowLength: Int, firstRow: Int, _ taps: Taps) -> [UInt8] {
    let size = taps.starts.count * rowLength
    return [UInt8](unsafeUninitializedCapacity: size) { output, count in
      band.withUnsafeBufferPointer { band in
        taps.weights.withUnsafeBufferPointer { weights in
          for (row, start) in taps.starts.enumerated() {
            for column in 0..<rowLength {
              var sum = half
              var source = (start - firstRow) * rowLength + column
              for tap in row * taps.length..<(row + 1) * taps.length {
                sum &+= weights[tap] &* Int32(band[source])
                source += rowLength
              }
              output[row * rowLength + column] = byte(sum)
            }
          }
        }
      }
      count = size
    }
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
