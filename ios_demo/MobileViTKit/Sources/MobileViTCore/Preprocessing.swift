import Foundation

/// The app's half of the preprocessing: resize, then crop the centre, with zeros around a picture that is smaller than
/// the crop.
public struct Preprocessing: Decodable, Equatable, Sendable {
  /// How the picture is resized, to pixels.
  public enum Resize: Equatable, Sendable {
    /// In proportion, so that its shortest edge has so many.
    case shortestEdge(Int)
    /// Out of proportion, so that its sides have so many.
    case bothSides(height: Int, width: Int)
    /// In proportion, so that it just covers so many.
    case cover(height: Int, width: Int)
    /// In proportion, so that it lies just within so many.
    case contain(height: Int, width: Int)
    /// Not at all.
    case none
  }

  /// Pillow's name of the filter.
  public enum Interpolation: String, Decodable, Sendable { case nearest, bilinear, bicubic, lanczos, box, hamming }

  /// How the picture is resized.
  public let resize: Resize
  /// The filter.
  public let interpolation: Interpolation
  /// Whether the filter widens when it shrinks an image, as Pillow's do.
  public let antialias: Bool
  /// Pixels.
  public let cropHeight: Int
  /// Pixels.
  public let cropWidth: Int

  private enum CodingKeys: String, StrictKey {
    case resize
    case shortestEdge = "resize_shortest_edge"
    case height = "resize_height"
    case width = "resize_width"
    case interpolation, antialias
    case cropHeight = "crop_height"
    case cropWidth = "crop_width"
  }

  private enum Way: String, Decodable {
    case shortestEdge = "shortest_edge"
    case bothSides = "both_sides"
    case cover, contain, none
  }

  /// A preprocessing of one's own, bilinear and antialiased as the published checkpoints were trained.
  public init(
    resize: Resize, interpolation: Interpolation = .bilinear, antialias: Bool = true, cropHeight: Int, cropWidth: Int
  ) {
    self.resize = resize
    self.interpolation = interpolation
    self.antialias = antialias
    self.cropHeight = cropHeight
    self.cropWidth = cropWidth
  }

  /// Decodes strictly: what does not belong to the way of resizing is null.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    let way: Way = try fields.read(.resize)
    let edge = try fields.positiveOrNull(.shortestEdge)
    let (height, width) = (try fields.positiveOrNull(.height), try fields.positiveOrNull(.width))
    switch (way, edge, height, width) {
    case (.shortestEdge, let edge?, nil, nil): resize = .shortestEdge(edge)
    case (.bothSides, nil, let height?, let width?): resize = .bothSides(height: height, width: width)
    case (.cover, nil, let height?, let width?): resize = .cover(height: height, width: width)
    case (.contain, nil, let height?, let width?): resize = .contain(height: height, width: width)
    case (.none, nil, nil, nil): resize = .none
    default: throw fields.error(.resize, "\(way.rawValue) does not go with the pixels given")
    }
    interpolation = try fields.read(.interpolation)
    antialias = try fields.read(.antialias)
    cropHeight = try fields.positive(.cropHeight)
    cropWidth = try fields.positive(.cropWidth)
  }
}
