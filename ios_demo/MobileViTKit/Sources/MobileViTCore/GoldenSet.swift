import Foundation

/// A few pictures with the reference's answers: what the artifact beside it is to answer on a device.
public struct GoldenSet: Decodable, Equatable, Sendable {
  /// What follows an artifact's name in the name of its golden set.
  public static let suffix = ".golden.json"

  /// The artifact's file name.
  public let artifact: String
  /// The artifact's, as its manifest has it.
  public let sha256: String
  /// What the answers are.
  public let meaning: Meaning
  /// Of an answer, without the batch axis.
  public let shape: [Int]
  /// By metric, what the answers must reach, or must not exceed.
  public let bounds: [String: Double]
  /// One at least.
  public let pictures: [GoldenPicture]

  private enum CodingKeys: String, StrictKey {
    case schemaVersion = "schema_version"
    case boundsSHA256 = "bounds_sha256"
    case artifact, sha256, meaning, shape, bounds, pictures
  }

  /// Reads and checks a golden set's JSON; `file` names it in errors, which are `FormatError`.
  public init(json: Data, file: String) throws {
    self = try decodeStrictly(GoldenSet.self, from: json, file: file)
  }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    let version: Int = try fields.read(.schemaVersion)
    try fields.require(version == 2, .schemaVersion, "this app reads schema 2")
    artifact = try fields.read(.artifact)
    sha256 = try fields.sha256(.sha256)
    meaning = try fields.read(.meaning)
    shape = try fields.shape(.shape)
    bounds = try fields.read(.bounds)
    try fields.require(!bounds.isEmpty, .bounds, "there are none")
    let unknown = bounds.keys.first { Metric(rawValue: $0) == nil }
    try fields.require(unknown == nil, .bounds, "the metric \(unknown ?? "") is unknown")
    let digest = try fields.sha256(.boundsSHA256)
    try fields.require(
      digest == digestOfBounds(artifact: sha256, bounds), .bounds, "they were changed: bounds_sha256 differs")
    pictures = try fields.read(.pictures)
    try fields.require(!pictures.isEmpty, .pictures, "there are none")
    let bytes = shape.reduce(meaning == .classMap ? 1 : 4, *)
    try fields.require(pictures.allSatisfy { $0.answer.count == bytes }, .pictures, "an answer has not \(bytes) bytes")
  }

  /// The reference's answers, one for each picture; of class maps the classes.
  public var answers: [[Float]] {
    pictures.map { AnswerBytes.values($0.answer, meaning) }
  }

  /// Holds a device's answers, one for each picture, against the bounds.
  public func verdicts(_ given: [[Float]]) throws -> [Verdict] {
    let expected = answers
    guard given.map(\.count) == expected.map(\.count) else {
      throw FormatError(file: artifact, place: "", problem: "its answers have not the shape of the golden set's")
    }
    return Metric.allCases.compactMap { metric in
      bounds[metric.rawValue].map { bound in
        Verdict(metric: metric, value: metric.measure(expected: expected, answers: given), bound: bound)
      }
    }
  }
}

/// The sha256 over an artifact's own, as text, then each bound by its name: the name, and a little-endian double.
private func digestOfBounds(artifact: String, _ bounds: [String: Double]) -> String {
  var bytes = Data(artifact.utf8)
  for (name, bound) in bounds.sorted(by: { $0.key < $1.key }) {
    bytes.append(contentsOf: name.utf8)
    withUnsafeBytes(of: bound.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }
  return hexadecimal(sha256(bytes))
}

/// One picture and the reference's answer.
public struct GoldenPicture: Decodable, Equatable, Sendable {
  /// Its name.
  public let name: String
  /// As a camera gives it, a PNG file.
  public let png: Data
  /// What the manifest's preprocessing makes of it, a PNG file.
  public let cropPNG: Data
  /// The reference's answer: float32, little-endian; of class maps a byte for each pixel.
  let answer: Data

  private enum CodingKeys: String, StrictKey {
    case name, png
    case cropPNG = "crop_png"
    case answer
  }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    name = try fields.read(.name)
    png = try fields.read(.png)
    cropPNG = try fields.read(.cropPNG)
    answer = try fields.read(.answer)
  }
}

/// One metric of a golden set, measured.
public struct Verdict: Equatable, Sendable, Identifiable {
  /// What was measured.
  public let metric: Metric
  /// What came out.
  public let value: Double
  /// What it is held against.
  public let bound: Double

  /// Takes all three.
  public init(metric: Metric, value: Double, bound: Double) {
    self.metric = metric
    self.value = value
    self.bound = bound
  }

  /// The metric's name.
  public var id: String { metric.rawValue }
  /// Whether the value is as good as the bound.
  public var passes: Bool { metric.passes(value, bound) }
}

/// Answers as golden sets and device results write them: float32, little-endian; of class maps a byte for each pixel.
enum AnswerBytes {
  static func values(_ data: Data, _ meaning: Meaning) -> [Float] {
    if meaning == .classMap { return data.map(Float.init) }
    return data.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map { place in
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
      }
    }
  }

  static func data(_ values: [Float], _ meaning: Meaning) -> Data {
    if meaning == .classMap { return Data(values.map { UInt8($0) }) }
    return values.reduce(into: Data(capacity: values.count * 4)) { data, value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
  }
}
