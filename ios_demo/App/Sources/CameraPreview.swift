import AVFoundation
import SwiftUI
import UIKit

/// What the camera sees, whole.
struct CameraPreview: UIViewRepresentable {
  let session: AVCaptureSession

  func makeUIView(context: Context) -> PreviewView {
    let view = PreviewView()
    view.show(session)
    return view
  }

  func updateUIView(_ view: PreviewView, context: Context) {}

  final class PreviewView: UIView {
    private let preview = AVCaptureVideoPreviewLayer()

    func show(_ session: AVCaptureSession) {
      preview.session = session
      preview.videoGravity = .resizeAspect
      layer.addSublayer(preview)
    }

    override func layoutSubviews() {
      super.layoutSubviews()
      preview.frame = bounds
    }
  }
}
