import CoreML
import MobileViTCore
import MobileViTCoreML
import Observation

/// The artifacts in the app's bundle, and the one that is in use.
@Observable @MainActor
final class ModelLibrary {
  enum State {
    case loading
    case ready(any LoadedModel)
    case failed(String)
  }

  let artifacts: [Artifact]
  /// What is wrong with artifacts that cannot be used, for people.
  let problems: [String]
  var selection: Artifact.ID?
  private(set) var state = State.loading

  init(folder: URL? = Bundle.main.resourceURL?.appendingPathComponent("Models")) {
    let found = folder.map { Artifact.all(in: $0) } ?? (artifacts: [], problems: [])
    artifacts = found.artifacts
    problems = found.problems.map(\.localizedDescription)
    selection = artifacts.first?.id
    let kept = artifacts
    Task.detached(priority: .background) {
      // What stays only takes room, and is tried again at the next start.
      try? MobileViTModel.removeCompiled(except: kept)
    }
  }

  var selected: Artifact? {
    artifacts.first { $0.id == selection }
  }

  /// Loads the selected artifact.
  func load() async {
    guard let artifact = selected else {
      let none = "There is no model in this app. Convert one with --into ios_demo, and build again."
      state = .failed(problems.first ?? none)
      return
    }
    state = .loading
    do {
      state = .ready(try await unlessCancelled { try await loadModel(artifact) })
    } catch is CancellationError {
      // Another one has been selected.
    } catch {
      state = .failed(error.localizedDescription)
    }
  }
}
