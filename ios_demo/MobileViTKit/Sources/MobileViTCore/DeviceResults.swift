import Foundation

/// What a device measured, in the JSON that `python -m validation import-device` reads.
public struct DeviceResults: Encodable, Equatable, Sendable {
  /// Where it ran.
  public let device: Device
  /// ISO 8601 with the zone.
  public let recordedAt: String
  /// Each artifact in each setting.
  public let runs: [DeviceRun]

  private enum CodingKeys: String, CodingKey {
    case schemaVersion = "schema_version"
    case device
    case recordedAt = "recorded_at"
    case runs
  }

  /// Results recorded now, unless told otherwise.
  public init(device: Device, recordedAt: Date = Date(), runs: [DeviceRun]) {
    self.device = device
    self.recordedAt = recordedAt.formatted(.iso8601)
    self.runs = runs
  }

  /// Encodes as the schema has it.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(1, forKey: .schemaVersion)
    try fields.encode(device, forKey: .device)
    try fields.encode(recordedAt, forKey: .recordedAt)
    try fields.encode(runs, forKey: .runs)
  }

  /// The file's content.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}

/// One artifact in one setting on a device.
public struct DeviceRun: Encodable, Equatable, Sendable {
  /// How hot the device is, by the system.
  public enum ThermalState: String, Encodable, Sendable { case nominal, fair, serious, critical }

  /// The artifact's file name.
  public let artifact: String
  /// The artifact's, as its manifest has it.
  public let sha256: String
  /// "coreml-native" or "litert".
  public let runtime: String
  /// "CPU", "GPU", or the name of Core ML's compute units.
  public let accelerator: String
  /// nil where the runtime chooses.
  public let threads: Int?
  /// Milliseconds.
  public let loadMilliseconds: Double
  /// The part of it that compiling took; nil where the runtime does not tell it apart.
  public let compileMilliseconds: Double?
  /// Runs before those that count.
  public let warmUp: Int
  /// Milliseconds of each run that counts.
  public let preprocessingMilliseconds: [Double]
  /// Milliseconds of each run that counts, from pixels to the answer.
  public let inferenceMilliseconds: [Double]
  /// For a cool device, milliseconds; nil where the app does not wait.
  public let waitMilliseconds: Double?
  /// Before the model was loaded; nil where the system does not tell.
  public let thermalStateBefore: ThermalState?
  /// After the last run that counts, nil likewise.
  public let thermalState: ThermalState?
  /// Of the process, nil likewise.
  public let peakMiB: Double?
  /// To the golden set's pictures.
  public let answers: [DeviceAnswer]

  private enum CodingKeys: String, CodingKey {
    case artifact, sha256, runtime, accelerator, threads
    case loadMilliseconds = "load_ms"
    case compileMilliseconds = "compile_ms"
    case warmUp = "warm_up"
    case preprocessingMilliseconds = "preprocessing_ms"
    case inferenceMilliseconds = "inference_ms"
    case waitMilliseconds = "wait_ms"
    case thermalStateBefore = "thermal_state_before"
    case thermalState = "thermal_state"
    case peakMiB = "peak_mib"
    case answers
  }

  /// A run; see the properties.
  public init(
    artifact: String, sha256: String, runtime: String = "coreml-native", accelerator: String, threads: Int? = nil,
    loadMilliseconds: Double, compileMilliseconds: Double? = nil, warmUp: Int, preprocessingMilliseconds: [Double],
    inferenceMilliseconds: [Double], waitMilliseconds: Double?, thermalStateBefore: ThermalState?,
    thermalState: ThermalState?, peakMiB: Double?, answers: [DeviceAnswer]
  ) {
    self.artifact = artifact
    self.sha256 = sha256
    self.runtime = runtime
    self.accelerator = accelerator
    self.threads = threads
    self.loadMilliseconds = loadMilliseconds
    self.compileMilliseconds = compileMilliseconds
    self.warmUp = warmUp
    self.preprocessingMilliseconds = preprocessingMilliseconds
    self.inferenceMilliseconds = inferenceMilliseconds
    self.waitMilliseconds = waitMilliseconds
    self.thermalStateBefore = thermalStateBefore
    self.thermalState = thermalState
    self.peakMiB = peakMiB
    self.answers = answers
  }

  /// Encodes as the schema has it: what is not known is null, not absent.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(artifact, forKey: .artifact)
    try fields.encode(sha256, forKey: .sha256)
    try fields.encode(runtime, forKey: .runtime)
    try fields.encode(accelerator, forKey: .accelerator)
    try fields.encode(threads, forKey: .threads)
    try fields.encode(loadMilliseconds, forKey: .loadMilliseconds)
    try fields.encode(compileMilliseconds, forKey: .compileMilliseconds)
    try fields.encode(warmUp, forKey: .warmUp)
    try fields.encode(preprocessingMilliseconds, forKey: .preprocessingMilliseconds)
    try fields.encode(inferenceMilliseconds, forKey: .inferenceMilliseconds)
    try fields.encode(waitMilliseconds, forKey: .waitMilliseconds)
    try fields.encode(thermalStateBefore, forKey: .thermalStateBefore)
    try fields.encode(thermalState, forKey: .thermalState)
    try fields.encode(peakMiB, forKey: .peakMiB)
    try fields.encode(answers, forKey: .answers)
  }
}

/// What the artifact answered to one picture of its golden set.
public struct DeviceAnswer: Encodable, Equatable, Sendable {
  let picture: String
  let exactPixels: Bool
  let answer: Data

  private enum CodingKeys: String, CodingKey {
    case picture
    case exactPixels = "exact_pixels"
    case answer
  }

  /// `exactPixels`: whether the artifact saw the golden crop itself; else the app made its own of the picture.
  public init(picture: String, exactPixels: Bool, values: [Float], meaning: Meaning) {
    self.picture = picture
    self.exactPixels = exactPixels
    answer = AnswerBytes.data(values, meaning)
  }
}
