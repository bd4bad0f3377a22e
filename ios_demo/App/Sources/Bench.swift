import Foundation
import MobileViTCore
import MobileViTCoreML
import Observation
import UIKit

/// The benchmark's settings, what it is at, and all that was measured since the app was opened.
@Observable @MainActor
final class Bench {
  var settings = BenchmarkSettings()
  /// While it runs.
  private(set) var phase: BenchmarkPhase?
  private(set) var outcome: BenchmarkOutcome?
  private(set) var runs: [DeviceRun] = []
  /// The results, to be shared.
  private(set) var file: URL?
  private(set) var problem: String?
  private var task: Task<Void, Never>?

  func start(_ artifact: Artifact) {
    phase = .cooling
    problem = nil
    UIApplication.shared.isIdleTimerDisabled = true  // a screen that goes dark slows the device down
    task = Task {
      do {
        let outcome = try await benchmark(artifact, settings) { self.phase = $0 }
        self.outcome = outcome
        runs.append(outcome.run)
        file = try write()
      } catch is CancellationError {
        // Nothing was measured.
      } catch {
        problem = error.localizedDescription
      }
      UIApplication.shared.isIdleTimerDisabled = false
      phase = nil
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
