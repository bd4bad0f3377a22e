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

/// What a benchmark is at. Nothing is told between timed runs, which a screen's update would disturb.
enum BenchmarkPhase: Sendable {
  case cooling, loading, measuring, testing
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

/// Waits until the device is cool, loads an artifact, runs it many times over, and shows it its golden set. Runs off the
/// main actor.
func benchmark(
  _ artifact: Artifact, _ settings: BenchmarkSettings, tell: @MainActor (BenchmarkPhase) -> Void
) async throws -> BenchmarkOutcome {
  let golden = try artifact.goldenSet()
  let picture = try golden.map { try RGBImage(png: $0.pictures[0].png) } ?? .plain(width: 640, height: 480)
  await tell(.cooling)
  let start = ContinuousClock.now
  let heatBefore = try await DeviceRun.ThermalState.cooled { .now }
  let wait = (ContinuousClock.now - start) / .milliseconds(1)
  await tell(.loading)
  // Memory is looked at while nothing is timed; a timed run takes no more of it than one of the warm-up.
  let (model, loadPeak) = try await watchingFootprint {
    let loaded = try await loadModel(artifact, computeUnits: settings.computeUnits)
    _ = try await times(max(settings.warmUp, 1), of: loaded, picture)
    return loaded
  }
  await tell(.measuring)
  let measured = try await times(settings.runs, of: model, picture)
  let heatAfter = DeviceRun.ThermalState.now
  await tell(.testing)
  let (shown, testPeak) = try await watchingFootprint { () async throws -> Shown? in
    guard let golden else { return nil }
    return try await show(golden, to: model)
  }
  guard let cropTimes = LatencyStatistics(measured.preprocessing), let runTimes = LatencyStatistics(measured.inference)
  else { throw CancellationError() }
  let run = DeviceRun(
    artifact: artifact.id, sha256: artifact.manifest.artifact.sha256, runtime: artifact.framework.runtime,
    accelerator: settings.computeUnits.name,
    loadMilliseconds: model.loadMilliseconds, warmUp: max(settings.warmUp, 1),
    preprocessingMilliseconds: measured.preprocessing, inferenceMilliseconds: measured.inference,
    waitMilliseconds: wait, thermalStateBefore: heatBefore, thermalState: heatAfter,
    peakMiB: max(loadPeak, testPeak), answers: shown?.answers ?? [])
  return BenchmarkOutcome(run: run, preprocessing: cropTimes, inference: runTimes, selfTest: shown?.test)
}

/// Milliseconds of `count` runs, one after the other.
private func times(
  _ count: Int, of model: any LoadedModel, _ picture: RGBImage
) async throws -> (preprocessing: [Double], inference: [Double]) {
  var (preprocessing, inference): ([Double], [Double]) = ([], [])
  for _ in 0..<count {
    try Task.checkCancellation()
    let start = ContinuousClock.now
    let crop = model.preprocessor.crop(picture)
    preprocessing.append((ContinuousClock.now - start) / .milliseconds(1))
    inference.append(try await model.answer(to: crop.pixels).milliseconds)
  }
  return (preprocessing, inference)
}

private typealias Shown = (test: BenchmarkOutcome.SelfTest, answers: [DeviceAnswer])

/// The model's answers to the golden crops, and to the app's own crops of the pictures.
private func show(
  _ golden: GoldenSet, to model: any LoadedModel
) async throws -> Shown {
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
