import AVFoundation
import MobileViTCore
import MobileViTCoreML
import Observation
import SwiftUI
import UIKit

/// Live labels, or live regions over what the camera sees.
struct CameraScreen: View {
  @State private var camera = Camera()

  var body: some View {
    ModelGate(title: "Camera") { model in
      ZStack(alignment: .bottom) {
        if let problem = camera.problem {
          VStack {
            ProblemView(problem: problem)
            if camera.isDenied, let settings = URL(string: UIApplication.openSettingsURLString) {
              Link("Open Settings", destination: settings)
            }
          }
        } else if camera.isInterrupted {
          ProblemView(problem: "Another app is using the camera, or the system needs it.")
        } else {
          LiveView(session: camera.feed.session, look: camera.look)
        }
      }
      .task(id: ObjectIdentifier(model)) { await camera.watch(with: model) }
      .task { await camera.note(AVCaptureSession.wasInterruptedNotification, isInterrupted: true) }
      .task { await camera.note(AVCaptureSession.interruptionEndedNotification, isInterrupted: false) }
    }
  }
}

/// What the camera sees, and what was found in its last picture.
struct LiveView: View {
  let session: AVCaptureSession
  let look: Look?

  var body: some View {
    ZStack {
      CameraPreview(session: session)
        .accessibilityLabel("Camera")
      if let look { OverlayView(finding: look.finding) }
    }
    if let look { FindingView(look: look) }
  }
}

/// The camera and what the model finds in its last picture.
@Observable @MainActor
final class Camera {
  let feed = CameraFeed()
  private(set) var look: Look?
  private(set) var problem: String?
  /// Whether the problem is that the app may not use the camera.
  private(set) var isDenied = false
  /// The session goes on by itself when the interruption ends.
  private(set) var isInterrupted = false

  /// Until the task is cancelled.
  func note(_ name: Notification.Name, isInterrupted: Bool) async {
    for await _ in NotificationCenter.default.notifications(named: name) {
      self.isInterrupted = isInterrupted
    }
  }

  /// Until the task is cancelled.
  func watch(with model: any LoadedModel) async {
    look = nil
    problem = nil
    isDenied = false
    do {
      for try await crop in try await feed.crops(model.preprocessor) {
        look = try await unlessCancelled { try await model.look(at: crop) }
        feed.ready()
      }
    } catch is CancellationError {
      // The screen has gone, or another model has come.
    } catch {
      problem = error.localizedDescription
      isDenied = error as? CameraError == .denied
    }
  }
}
