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
  private let filter: Filter
  private let grey: Bool

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

  /// The pixels that are resized: those of the picture, or its brightness.
  func withColors<Result>(of picture: PixelView, _ body: (PixelView) -> Result) -> Result {
    grey ? RGBImage(greyOf: picture).withPixels(body) : body(picture)
  }
}

/// Makes crops one after the other, for one thread, a camera's queue for example: what pictures of one size share is made
/// once, and the memory for what lies between the passes is kept.
public final class Cropper {
  private let preprocessor: Preprocessor
  private var passes: Passes?
  private var band: [UInt8] = []

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
    let (width, height) = (picture.width, picture.height)
    let kept = passes.flatMap { $0.placement.sourceWidth == width && $0.placement.sourceHeight == height ? $0 : nil }
    let passes = kept ?? preprocessor.passes(width: width, height: height)
    if kept == nil {
      self.passes = passes
      band = [UInt8](repeating: 0, count: passes.bandBytes)
    }
    let pixels = preprocessor.withColors(of: picture) { passes.crop($0, band: &band) }
    return Crop(pixels: pixels, placement: passes.placement)
  }
}
