import Foundation

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
  /// The order of a pixel's channels; `grey` is one channel.
  public enum ColorOrder: String, Decodable, Sendable { case rgb = "RGB", bgr = "BGR", grey = "L" }

  /// Its name in the artifact.
  public let name: String
  /// What it is to the runtime.
  public let kind: Kind
  /// Of one batch, in the order of `layout`.
  public let shape: [Int]
  /// The order of the axes.
  public let layout: Layout
  /// A pixel's type.
  public let dtype: Scalar
  /// The smallest value of a pixel.
  public let minimum: Double
  /// The largest one.
  public let maximum: Double
  /// Of the pixels that the app hands over: `rgb` or `grey`.
  public let colorOrder: ColorOrder
  /// Of those that the network sees: the artifact's own work.
  public let networkColorOrder: ColorOrder
  /// By which the artifact multiplies pixels, for each channel of the network.
  public let scale: [Double]
  /// What it adds then, for each channel of the network.
  public let offset: [Double]
  /// How a pixel becomes the tensor's integer; nil where it is handed over as it is.
  public let quantization: Quantization?

  private enum CodingKeys: String, StrictKey {
    case name, kind, shape, layout, dtype, minimum, maximum
    case colorOrder = "color_order"
    case networkColorOrder = "network_color_order"
    case scale, offset, quantization
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
    networkColorOrder = try fields.read(.networkColorOrder)
    scale = try fields.read(.scale)
    offset = try fields.read(.offset)
    quantization = try fields.decodeIfPresent(Quantization.self, forKey: .quantization)
    let channels = layout.sides(shape)?.channels
    try fields.require(channels != nil, .shape, "a batch of images has 4 dimensions, not \(shape.count)")
    try fields.require(channels == 1 || channels == 3, .shape, "images have 1 or 3 channels, not \(channels ?? 0)")
    try fields.require(colorOrder != .bgr, .colorOrder, "an app hands over RGB or L")
    for (key, order) in [(CodingKeys.colorOrder, colorOrder), (.networkColorOrder, networkColorOrder)] {
      try fields.require((order == .grey) == (channels == 1), key, "\(order.rawValue) does not go with the channels")
    }
    for (key, values) in [(CodingKeys.scale, scale), (.offset, offset)] {
      try fields.require(values.count == channels, key, "there must be a number for each channel")
    }
  }

  /// How many pictures go in at once.
  var batch: Int { shape[0] }

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
    try fields.require(
      (layout != nil) == (shape.count == 4), .layout, "it does not go with \(shape.count) dimensions")
  }

  /// Whether the shape begins with an axis for so many pictures.
  func answers(batch: Int) -> Bool {
    kind == .tensor && shape.count > 1 && shape[0] == batch
  }

  /// How many labels the shape speaks of; nil where it has no axis for them.
  var classes: Int? {
    switch meaning {
    case .probabilities, .scores, .values, .logits: layout?.sides(shape)?.channels ?? shape.last
    case .label, .classMap, .features, .featureMap: nil
    }
  }
}

/// What an output's values are.
public enum Meaning: String, Decodable, Sendable {
  /// Of each label, 0..1, one of which is true.
  case probabilities
  /// Of each label whether it is true, 0..1, any number of which are.
  case scores
  /// Of each label the number that was asked for.
  case values
  /// The most probable label's name.
  case label
  /// For each pixel of the crop the index of its label.
  case classMap = "class_map"
  /// Of each label, before softmax or sigmoid; of segmentation a coarse map for each, to be resized to the crop before
  /// the largest is chosen.
  case logits
  /// The image's feature vector, before any classifier.
  case features
  /// What that vector is the mean of.
  case featureMap = "feature_map"
}
