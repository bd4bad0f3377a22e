import MobileViTCore
import MobileViTCoreML
import SwiftUI

/// Shows its content once there is a model, and until then what is missing; the bar above chooses the model.
struct ModelGate<Content: View>: View {
  let title: LocalizedStringKey
  @ViewBuilder let content: (any LoadedModel) -> Content
  @Environment(ModelLibrary.self) private var library

  var body: some View {
    NavigationStack {
      Group {
        switch library.state {
        case .loading: ProgressView("Loading the model")
        case .ready(let model): content(model)
        case .failed(let problem): ProblemView(problem: problem)
        }
      }
      .navigationTitle(title)
      .toolbar { ModelPicker(library: library) }
    }
  }
}

/// All artifacts found in the bundle.
struct ModelPicker: View {
  @Bindable var library: ModelLibrary

  var body: some View {
    Picker("Model", selection: $library.selection) {
      ForEach(library.artifacts) { artifact in
        Text(artifact.shortName).tag(Optional(artifact.id))
      }
    }
    .accessibilityHint("Chooses among the models in this app")
    .accessibilityIdentifier("model")
  }
}

/// What went wrong, in words.
struct ProblemView: View {
  let problem: String

  var body: some View {
    ContentUnavailableView("That did not work", systemImage: "exclamationmark.triangle", description: Text(problem))
      .accessibilityIdentifier("problem")
  }
}

extension Artifact {
  /// "classification xxs, float16, Core ML" for example.
  var shortName: String {
    let facts = manifest.artifact
    let numbers = facts.compression == "none" ? facts.precision : facts.compression
    return "\(manifest.task.rawValue) \(manifest.size), \(numbers), \(framework.rawValue)"
  }
}
