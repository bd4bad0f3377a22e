import Foundation
import MobileViTCore
import MobileViTCoreML
import Observation

/// The benchmark's settings, its progress, and all that was measured since the app was opened.
@Observable @MainActor
final class Bench {
  var settings = BenchmarkSettings()
  /// 0..1 while it runs.
  private(set) var progress: Double?
  private(set) var outcome: BenchmarkOutcome?
  private(set) var runs: [DeviceRun] = []
  /// The results, to be shared.
  private(set) var file: URL?
  private(set) var problem: String?
  private var task: Task<Void, Never>?

  func start(_ artifact: Artifact) {
    progress = 0
    problem = nil
    task = Task {
      do {
        let outcome = try await benchmark(artifact, settings) { self.progress = $0 }
        self.outcome = outcome
        runs.append(outcome.run)
        file = try write()
      } catch is CancellationError {
        // Nothing was measured.
      } catch {
        problem = error.localizedDescription
      }
      progress = nil
    }
  }

  func cancel() {
    task?.cancel()
  }

  private func write() throws -> URL {
    let version = Bundle.main.object(forInfoDictionaryKey: "CFBundleShortVersionString") as? String ?? "?"
    let results = DeviceResults(device: .current(app: "MobileViT demo \(version)"), runs: runs)
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("device_results.json")
    try results.json().write(to: file, options: .atomic)
    return file
  }
}
