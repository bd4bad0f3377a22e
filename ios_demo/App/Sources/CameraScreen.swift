import MobileViTCore
import MobileViTCoreML
import Observation
import SwiftUI

/// Live labels, or live regions over what the camera sees.
struct CameraScreen: View {
  @State private var camera = Camera()

  var body: some View {
    ModelGate(title: "Camera") { model in
      ZStack(alignment: .bottom) {
        if let problem = camera.problem {
          ProblemView(problem: problem)
        } else {
          ZStack {
            CameraPreview(session: camera.feed.session)
              .accessibilityLabel("Camera")
            if let look = camera.look { OverlayView(finding: look.finding) }
          }
          if let look = camera.look { FindingView(look: look) }
        }
      }
      .task(id: ObjectIdentifier(model)) { await camera.watch(with: model) }
    }
  }
}

/// The camera and what the model finds in its last picture.
@Observable @MainActor
final class Camera {
  let feed = CameraFeed()
  private(set) var look: Look?
  private(set) var problem: String?

  /// Until the task is cancelled.
  func watch(with model: MobileViTModel) async {
    look = nil
    problem = nil
    do {
      for try await crop in try await feed.crops(model.preprocessor) {
        look = try await unlessCancelled { try await model.look(at: crop) }
        feed.ready()
      }
    } catch is CancellationError {
      // The screen has gone, or another model has come.
    } catch {
      problem = error.localizedDescription
    }
  }
}
