import CoreML
import Foundation
import MobileViTCore
import MobileViTCoreML

/// How to measure.
struct BenchmarkSettings: Sendable {
  var computeUnits = MLComputeUnits.all
  var warmUp = 5
  var runs = 50
}

/// What came out.
struct BenchmarkOutcome: Sendable {
  let run: DeviceRun
  let preprocessing: LatencyStatistics
  let inference: LatencyStatistics
  let selfTest: SelfTest?

  /// The golden set's pictures, shown to this device.
  struct SelfTest: Sendable {
    let verdicts: [Verdict]
    /// Whether the app's own crops of the pictures are the reference's, pixel for pixel.
    let sameCrops: Bool

    var passes: Bool { sameCrops && verdicts.allSatisfy(\.passes) }
  }
}

/// Loads an artifact, runs it many times over, and shows it its golden set. Runs off the main actor.
func benchmark(
  _ artifact: Artifact, _ settings: BenchmarkSettings, progress: @MainActor (Double) -> Void
) async throws -> BenchmarkOutcome {
  let golden = try artifact.goldenSet()
  let model = try await MobileViTModel.load(artifact, computeUnits: settings.computeUnits)
  let picture = try golden.map { try RGBImage(png: $0.pictures[0].png) } ?? .plain(width: 640, height: 480)
  var (preprocessing, inference): ([Double], [Double]) = ([], [])
  for turn in 0..<settings.warmUp + settings.runs {
    try Task.checkCancellation()
    let start = ContinuousClock.now
    let crop = model.preprocessor.crop(picture)
    let cropping = (ContinuousClock.now - start) / .milliseconds(1)
    let answer = try await model.answer(to: crop.pixels)
    if turn >= settings.warmUp {
      preprocessing.append(cropping)
      inference.append(answer.milliseconds)
    }
    await progress(Double(turn + 1) / Double(settings.warmUp + settings.runs))
  }
  var (selfTest, answers): (BenchmarkOutcome.SelfTest?, [DeviceAnswer]) = (nil, [])
  if let golden { (selfTest, answers) = try await show(golden, to: model) }
  guard let cropTimes = LatencyStatistics(preprocessing), let runTimes = LatencyStatistics(inference) else {
    throw CancellationError()
  }
  let run = DeviceRun(
    artifact: artifact.id, sha256: artifact.manifest.artifact.sha256, accelerator: settings.computeUnits.name,
    loadMilliseconds: model.loadMilliseconds, warmUp: settings.warmUp, preprocessingMilliseconds: preprocessing,
    inferenceMilliseconds: inference, thermalState: .now, peakMiB: peakMemoryMiB(), answers: answers)
  return BenchmarkOutcome(run: run, preprocessing: cropTimes, inference: runTimes, selfTest: selfTest)
}

/// The model's answers to the golden crops, and to the app's own crops of the pictures.
private func show(
  _ golden: GoldenSet, to model: MobileViTModel
) async throws -> (BenchmarkOutcome.SelfTest, [DeviceAnswer]) {
  var (exact, own): ([[Float]], [[Float]]) = ([], [])
  var sameCrops = true
  for picture in golden.pictures {
    let expected = try RGBImage(png: picture.cropPNG)
    let crop = model.preprocessor.crop(try RGBImage(png: picture.png))
    sameCrops = sameCrops && crop.pixels == expected
    exact.append(try await model.answer(to: expected).values)
    own.append(try await model.answer(to: crop.pixels).values)
  }
  let selfTest = BenchmarkOutcome.SelfTest(verdicts: try golden.verdicts(exact), sameCrops: sameCrops)
  let answers = [(true, exact), (false, own)].flatMap { isExact, values in
    zip(golden.pictures, values).map {
      DeviceAnswer(picture: $0.name, exactPixels: isExact, values: $1, meaning: golden.meaning)
    }
  }
  return (selfTest, answers)
}

extension DeviceRun.ThermalState {
  /// How hot the device is at this moment.
  static var now: Self? {
    switch ProcessInfo.processInfo.thermalState {
    case .nominal: .nominal
    case .fair: .fair
    case .serious: .serious
    case .critical: .critical
    @unknown default: nil
    }
  }
}

extension RGBImage {
  /// Grey, for models that come without pictures.
  fileprivate static func plain(width: Int, height: Int) -> RGBImage {
    RGBImage(width: width, height: height, bytes: [UInt8](repeating: 128, count: width * height * 3))
  }
}
