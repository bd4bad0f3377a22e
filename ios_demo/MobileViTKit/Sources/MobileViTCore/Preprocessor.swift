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
/// integers, then the centre crop.
public struct Preprocessor: Sendable {
  /// What it does.
  public let preprocessing: Preprocessing
  /// Whether pictures become grey before all else.
  let grey: Bool
  private let filter: Filter

  /// For a model that takes one image at a time; throws `PreprocessingError` where it takes something else.
  ///
  /// `kind`: in which form the runtime takes it.
  public init(_ manifest: Manifest, as kind: InputSpec.Kind = .image) throws {
    let input = manifest.input
    guard input.batch == 1 else { throw PreprocessingError.input("a batch of \(input.batch) pictures") }
    guard input.kind == kind else { throw PreprocessingError.input("of kind \(input.kind), not \(kind)") }
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

  /// The crop of a picture. Many pictures of one size are a task for `Cropper`.
  public func crop(_ picture: RGBImage) -> Crop {
    picture.withPixels(crop)
  }

  /// The crop of pixels in someone else's memory.
  public func crop(_ picture: PixelView) -> Crop {
    Cropper(self).crop(picture)
  }

  /// What is to be done to pictures of one size.
  func passes(width: Int, height: Int) -> Passes {
    Passes(Placement(width: width, height: height, preprocessing), filter)
  }
}

/// Makes crops one after the other, for one thread, a camera's queue for example: what pictures of one size share is made
/// once, and all memory is used again, that of a crop once nobody holds it any more.
public final class Cropper {
  private let preprocessor: Preprocessor
  private var passes: Passes?
  private var brightness: [UInt8] = []
  private var band: [UInt8] = []
  private var pixels: [UInt8] = []

  /// Does what `preprocessor` does.
  public init(_ preprocessor: Preprocessor) {
    self.preprocessor = preprocessor
  }

  /// The crop of a picture.
  public func crop(_ picture: RGBImage) -> Crop {
    picture.withPixels(crop)
  }

  /// The crop of pixels in someone else's memory.
  public func crop(_ picture: PixelView) -> Crop {
    let signpost = Signpost("crop")
    defer { signpost.end() }
    let passes = passes(for: picture)
    if preprocessor.grey {
      brightness.withUnsafeMutableBytes { picture.writeGrey(to: $0, bytesPerRow: picture.width) }
      brightness.withUnsafeBytes {
        let grey = PixelView(grey: $0, width: picture.width, height: picture.height)
        passes.crop(grey, band: &band, to: &pixels)
      }
    } else {
      passes.crop(picture, band: &band, to: &pixels)
    }
    let (width, height) = (passes.placement.cropWidth, passes.placement.cropHeight)
    return Crop(pixels: RGBImage(width: width, height: height, bytes: pixels), placement: passes.placement)
  }

  /// Those of the picture before where it had the same size; else new ones, and memory for them, zeros around the crop.
  private func passes(for picture: PixelView) -> Passes {
    let (width, height) = (picture.width, picture.height)
    if let passes, passes.placement.sourceWidth == width, passes.placement.sourceHeight == height { return passes }
    let new = preprocessor.passes(width: width, height: height)
    passes = new
    brightness = [UInt8](repeating: 0, count: preprocessor.grey ? width * height : 0)
    band = [UInt8](repeating: 0, count: new.bandBytes)
    pixels = [UInt8](repeating: 0, count: new.cropBytes)
    return new
  }
}
