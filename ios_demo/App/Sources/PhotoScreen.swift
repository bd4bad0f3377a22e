import MobileViTCore
import MobileViTCoreML
import Observation
import PhotosUI
import SwiftUI

/// A picture from the library, and what the model finds in it.
struct PhotoScreen: View {
  @State private var photo = Photo()

  var body: some View {
    ModelGate(title: "Photo") { model in
      ScrollView {
        VStack(spacing: 16) {
          PhotosPicker(selection: $photo.item, matching: .images) {
            Label("Choose a photo", systemImage: "photo.on.rectangle")
          }
          .buttonStyle(.borderedProminent)
          .accessibilityIdentifier("choose photo")
          if let problem = photo.problem { ProblemView(problem: problem) }
          if let seen = photo.seen { SeenView(seen: seen) }
        }
        .padding()
      }
      .task(id: Photo.Question(item: photo.item, model: ObjectIdentifier(model))) { await photo.show(to: model) }
    }
  }
}

/// A picture, and what was found in it.
struct SeenView: View {
  let seen: Photo.Seen

  var body: some View {
    ZStack {
      Image(decorative: seen.picture.image, scale: 1)
        .resizable()
        .aspectRatio(contentMode: .fit)
      OverlayView(finding: seen.look.finding)
    }
    FindingView(look: seen.look)
  }
}

/// The chosen photo, and what was found in it.
@Observable @MainActor
final class Photo {
  /// What the answer depends on.
  struct Question: Equatable {
    let item: PhotosPickerItem?
    let model: ObjectIdentifier
  }

  struct Seen: Sendable {
    let picture: DrawnImage
    let look: Look
  }

  var item: PhotosPickerItem?
  private(set) var seen: Seen?
  private(set) var problem: String?

  func show(to model: any LoadedModel) async {
    guard let item else { return }
    problem = nil
    do {
      seen = try await unlessCancelled {
        guard let file = try await item.loadTransferable(type: Data.self) else {
          throw PreprocessingError.picture("the library gives no file")
        }
        return try await Self.look(at: file, with: model)
      }
    } catch is CancellationError {
      // Another photo or model has been chosen.
    } catch {
      seen = nil
      problem = error.localizedDescription
    }
  }

  private nonisolated static func look(at file: Data, with model: any LoadedModel) async throws -> Seen {
    let image = try uprightImage(file, for: model.preprocessor.preprocessing)
    let crop = try model.preprocessor.crop(image)
    return Seen(picture: DrawnImage(image: image), look: try await model.look(at: crop))
  }
}
