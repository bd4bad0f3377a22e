import Foundation

/// Everything about one artifact: what its converter wrote beside it, and all that an app needs to feed and read it.
///
/// Decoding is strict: an unknown key, a missing one, a wrong type, another schema, or facts that do not go together are
/// errors, for example labels that are not as many as the network has classes.
public struct Manifest: Decodable, Equatable, Sendable {
  /// What the artifact is for.
  public enum Task: String, Decodable, Sendable { case classification, segmentation, features }

  /// What follows an artifact's name in the name of its manifest.
  public static let suffix = ".manifest.json"
  static let schemaVersion = 2

  /// Of the kit that made it.
  public let kitVersion: String
  /// What the artifact is for.
  public let task: Task
  /// The network's variant: "xxs", "xs" or "s" of the published ones.
  public let size: String
  /// The weights' origin.
  public let checkpoint: CheckpointFacts
  /// The shipped file.
  public let artifact: ArtifactFacts
  /// All options that shaped it, by the converter's long names of them, as they are typed.
  public let options: [String: String]
  /// What the artifact takes.
  public let input: InputSpec
  /// What it gives, one at least.
  public let outputs: [OutputSpec]
  /// The app's half of the preprocessing.
  public let preprocessing: Preprocessing
  /// Preprocessings beside the default one, where the artifact takes images of several sizes.
  public let otherSizes: [Preprocessing]
  /// The images that a compression was measured on; nil where nothing was measured.
  public let calibration: CalibrationFacts?
  /// Names of the classes, in the order of their indices; none for features.
  public let labels: [String]
  /// Of segmentation, the colour of each class.
  public let palette: [RGBColor]
  /// Versions of what made the artifact, by name.
  public let toolVersions: [String: String]
  /// The output that the task is about: not the label, which only names the most probable class.
  public let answer: OutputSpec

  private enum CodingKeys: String, StrictKey {
    case schemaVersion = "schema_version"
    case kitVersion = "kit_version"
    case task, size, checkpoint, artifact, options, input, outputs, preprocessing
    case otherSizes = "other_sizes"
    case calibration, labels, palette
    case toolVersions = "tool_versions"
  }

  /// Reads and checks a manifest's JSON; `file` names it in errors, which are `FormatError`.
  public init(json: Data, file: String) throws {
    self = try decodeStrictly(Manifest.self, from: json, file: file)
  }

  /// Decodes strictly; see the type.
  public init(from decoder: any Decoder) throws {
    // Before all else, since another schema has other keys.
    let version = try decoder.container(keyedBy: CodingKeys.self)
    let schema: Int = try version.read(.schemaVersion)
    try version.require(
      schema == Self.schemaVersion, .schemaVersion,
      "this manifest is of schema \(schema), this app reads \(Self.schemaVersion): convert the artifact again with "
        + "python -m converters.coreml")
    let fields = try decoder.strict(CodingKeys.self)
    kitVersion = try fields.read(.kitVersion)
    task = try fields.read(.task)
    size = try fields.read(.size)
    checkpoint = try fields.read(.checkpoint)
    artifact = try fields.read(.artifact)
    options = try fields.read(.options)
    input = try fields.read(.input)
    outputs = try fields.read(.outputs)
    preprocessing = try fields.read(.preprocessing)
    otherSizes = try fields.read(.otherSizes)
    calibration = try fields.read(.calibration)
    labels = try fields.read(.labels)
    palette = try fields.read(.palette)
    toolVersions = try fields.read(.toolVersions)
    let answers = outputs.filter { $0.meaning != .label }
    guard let first = answers.first else { throw fields.error(.outputs, "there is no answer beside the label") }
    answer = first
    if let classes = first.classes {
      try fields.require(labels.count == classes, .labels, "\(labels.count) labels for \(classes) classes")
    }
    let colors = task == .segmentation ? labels.count : 0
    try fields.require(palette.count == colors, .palette, "\(palette.count) colours for \(colors) classes")
    let crop = [preprocessing.cropHeight, preprocessing.cropWidth]
    try fields.require(input.size == crop, .input, "its shape is not the crop's, \(crop[0]) x \(crop[1])")
    for each in outputs where input.batch > 1 {
      try fields.require(
        each.answers(batch: input.batch), .outputs, "\(each.name) has no answer to each of \(input.batch) pictures")
    }
  }
}

/// The weights' origin.
public struct CheckpointFacts: Decodable, Equatable, Sendable {
  /// "demo", or where the weights came from.
  public let id: String
  /// Of the weights.
  public let sha256: String
  /// How many numbers they are.
  public let parameters: Int
  /// Of an id on the Hugging Face Hub, the state of the repository: 40 hexadecimal digits.
  public let commit: String?

  private enum CodingKeys: String, StrictKey { case id, sha256, parameters, commit }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    id = try fields.read(.id)
    sha256 = try fields.sha256(.sha256)
    parameters = try fields.positive(.parameters)
    commit = try fields.decodeIfPresent(String.self, forKey: .commit)
    let digits = Set("0123456789abcdef")
    let sound = commit.map { $0.count == 40 && $0.allSatisfy(digits.contains) } ?? true
    try fields.require(sound, .commit, "this is no commit")
  }
}

/// The shipped file or package.
public struct ArtifactFacts: Decodable, Equatable, Sendable {
  /// The form of the file.
  public enum Format: String, Decodable, Sendable { case mlpackage, tflite, onnx, aimodel }

  /// Its name.
  public let file: String
  /// Its form.
  public let format: Format
  /// Of the file; of a package, of the list of its files.
  public let sha256: String
  /// Its size.
  public let bytes: Int
  /// Of the weights and activations that are not compressed.
  public let precision: String
  /// What was compressed, "none" or the converter's option.
  public let compression: String

  private enum CodingKeys: String, StrictKey { case file, format, sha256, bytes, precision, compression }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    file = try fields.read(.file)
    format = try fields.read(.format)
    sha256 = try fields.sha256(.sha256)
    bytes = try fields.positive(.bytes)
    precision = try fields.read(.precision)
    compression = try fields.read(.compression)
  }
}

/// The images that a compression was measured on.
public struct CalibrationFacts: Decodable, Equatable, Sendable {
  /// Where they came from.
  public let source: String
  /// How many they were.
  public let samples: Int
  /// Of their values as the network took them.
  public let sha256: String
  /// What they served for.
  public let method: String

  private enum CodingKeys: String, StrictKey { case source, samples, sha256, method }

  /// Decodes strictly.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strict(CodingKeys.self)
    source = try fields.read(.source)
    samples = try fields.positive(.samples)
    sha256 = try fields.sha256(.sha256)
    method = try fields.read(.method)
  }
}
