import Foundation

/// The app's half of the preprocessing: resize so that the shortest edge has so many pixels, crop the centre.
public struct Preprocessing: Decodable, Equatable, Sendable {
  /// Pillow's name of the filter.
  public enum Interpolation: String, Decodable, Sendable { case nearest, bilinear, bicubic, lanczos, box, hamming }

  /// Pixels of the shortest edge after resizing.
  public let shortestEdge: Int
  /// The filter.
  public let interpolation: Interpolation
  /// Whether the filter widens when it shrinks an image, as Pillow's do.
  public let antialias: Bool
  /// Pixels.
  public let cropHeight: Int
  /// Pixels.
  public let cropWidth: Int

  private enum CodingKeys: String, StrictKey {
    case shortestEdge = "resize_shortest_edge"
    case interpolation, antialias
    case cropHeight = "crop_height"
    case cropWidth = "crop_width"
  }

  /// A preprocessing of one's own, bilinear and antialiased as the published checkpoints were trained.
  public init(
    shortestEdge: Int, interpolation: Interpolation = .bilinear, antialias: Bool = true, cropHeight: Int, cropWidth: Int
  ) {
    self.shortestEdge = shortestEdge
    self.interpolation = interpolation
    self.antialias = antialias
    self.cropHeight = cropHeight
    self.cropWidth = cropWidth
  }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    shortestEdge = try fields.positive(.shortestEdge)
    interpolation = try fields.read(.interpolation)
    antialias = try fields.read(.antialias)
    cropHeight = try fields.positive(.cropHeight)
    cropWidth = try fields.positive(.cropWidth)
  }
}

/// What the integers of a tensor stand for: (integer - zeroPoint) * scale.
public struct Quantization: Decodable, Equatable, Sendable {
  /// The step from one integer to the next.
  public let scale: Double
  /// The integer that stands for zero.
  public let zeroPoint: Int

  private enum CodingKeys: String, StrictKey {
    case scale
    case zeroPoint = "zero_point"
  }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    scale = try fields.read(.scale)
    zeroPoint = try fields.read(.zeroPoint)
  }

  /// The number that a stored integer stands for.
  public func restored(_ stored: Int) -> Double {
    Double(stored - zeroPoint) * scale
  }
}

/// The order of a tensor's axes.
public enum Layout: String, Decodable, Sendable {
  /// Batch, height, width, channels.
  case channelsLast = "NHWC"
  /// Batch, channels, height, width.
  case channelsFirst = "NCHW"

  /// Of a tensor's shape, without the batch.
  func sides(_ shape: [Int]) -> (channels: Int, height: Int, width: Int)? {
    guard shape.count == 4 else { return nil }
    return self == .channelsLast ? (shape[3], shape[1], shape[2]) : (shape[1], shape[2], shape[3])
  }
}

/// The image or tensor that the artifact takes, after the app's half of the preprocessing.
public struct InputSpec: Decodable, Equatable, Sendable {
  /// What it is to the runtime.
  public enum Kind: String, Decodable, Sendable { case image, tensor }
  /// A pixel's type.
  public enum Scalar: String, Decodable, Sendable { case uint8, int8, float32 }
  /// The order of a pixel's channels.
  public enum ColorOrder: String, Decodable, Sendable { case rgb = "RGB", bgr = "BGR" }

  /// Its name in the artifact.
  public let name: String
  /// What it is to the runtime.
  public let kind: Kind
  /// With the batch axis, in the order of `layout`.
  public let shape: [Int]
  /// The order of the axes.
  public let layout: Layout
  /// A pixel's type.
  public let dtype: Scalar
  /// The smallest value of a pixel.
  public let minimum: Double
  /// The largest one.
  public let maximum: Double
  /// Of the pixels that the app hands over.
  public let colorOrder: ColorOrder
  /// Of those that the network sees: the artifact's own work.
  public let networkColorOrder: ColorOrder
  /// By which the artifact multiplies pixels.
  public let scale: Double
  /// How a pixel becomes the tensor's integer; nil where it is handed over as it is.
  public let quantization: Quantization?

  private enum CodingKeys: String, StrictKey {
    case name, kind, shape, layout, dtype, minimum, maximum
    case colorOrder = "color_order"
    case networkColorOrder = "network_color_order"
    case scale, quantization
  }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    name = try fields.read(.name)
    kind = try fields.read(.kind)
    shape = try fields.shape(.shape)
    layout = try fields.read(.layout)
    dtype = try fields.read(.dtype)
    minimum = try fields.read(.minimum)
    maximum = try fields.read(.maximum)
    colorOrder = try fields.read(.colorOrder)
    try fields.require(colorOrder == .rgb, .colorOrder, "an app hands over RGB")
    networkColorOrder = try fields.read(.networkColorOrder)
    scale = try fields.read(.scale)
    quantization = try fields.decodeIfPresent(Quantization.self, forKey: .quantization)
  }

  /// Height and width, pixels.
  var size: [Int] {
    layout.sides(shape).map { [$0.height, $0.width] } ?? []
  }
}

/// One output; `meaning` tells how to read its values.
public struct OutputSpec: Decodable, Equatable, Sendable {
  /// What it is to the runtime.
  public enum Kind: String, Decodable, Sendable { case tensor, dictionary, string }
  /// A value's type.
  public enum Scalar: String, Decodable, Sendable { case float32, int32, uint8, int8, int16, string }

  /// Its name in the artifact.
  public let name: String
  /// What it is to the runtime.
  public let kind: Kind
  /// Of a tensor with the batch axis; of a dictionary the number of its entries.
  public let shape: [Int]
  /// A value's type.
  public let dtype: Scalar
  /// How to read the values.
  public let meaning: Meaning
  /// Of maps with channels, else nil.
  public let layout: Layout?
  /// What integers stand for; nil where they stand for themselves.
  public let quantization: Quantization?

  private enum CodingKeys: String, StrictKey { case name, kind, shape, dtype, meaning, layout, quantization }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    name = try fields.read(.name)
    kind = try fields.read(.kind)
    shape = try fields.shape(.shape)
    dtype = try fields.read(.dtype)
    meaning = try fields.read(.meaning)
    layout = try fields.read(.layout)
    quantization = try fields.decodeIfPresent(Quantization.self, forKey: .quantization)
  }

  /// How many classes the values tell apart, where the shape says so.
  var classes: Int? {
    switch meaning {
    case .probabilities: shape.last
    case .logits: layout.flatMap { $0.sides(shape)?.channels }
    case .label, .classMap, .features, .featureMap: nil
    }
  }
}

/// What an output's values are.
public enum Meaning: String, Decodable, Sendable {
  /// Of each label, 0..1.
  case probabilities
  /// The most probable one's name.
  case label
  /// For each pixel of the crop the index of its label.
  case classMap = "class_map"
  /// For each label a coarse map, to be resized to the crop before the largest is chosen.
  case logits
  /// The image's feature vector, before any classifier.
  case features
  /// What that vector is the mean of.
  case featureMap = "feature_map"
}
