import AVFoundation
import Foundation
import MobileViTCore
import MobileViTCoreML

/// Why there are no pictures.
enum CameraError: LocalizedError {
  case denied, missing, failed

  var errorDescription: String? {
    switch self {
    case .denied: "This app may not use the camera. Settings, Privacy & Security, Camera allows it."
    case .failed: "The camera has stopped. Leave this screen and come back to start it again."
    case .missing: "This device has no camera that the app can use. The Photo tab takes pictures from the library."
    }
  }
}

/// The back camera's frames, cropped for a model on the camera's own queue.
///
/// Unchecked: what changes does so on `queue` only.
final class CameraFeed: NSObject, AVCaptureVideoDataOutputSampleBufferDelegate, @unchecked Sendable {
  let session = AVCaptureSession()
  private let queue = DispatchQueue(label: "CameraFeed")
  private let feed: Feed<Crop>
  private var cropper: Cropper?
  private var camera: AVCaptureDevice?

  override init() {
    feed = Feed(queue: queue)
  }

  /// Starts the camera; it stops when the stream ends. After each crop the next frame is cropped once `ready` is called.
  func crops(_ preprocessor: Preprocessor) async throws -> Feed<Crop>.Stream {
    guard await AVCaptureDevice.requestAccess(for: .video) else { throw CameraError.denied }
    return feed.watch(start: { try self.start(preprocessor) }, stop: { self.session.stopRunning() })
  }

  /// The last crop has been dealt with.
  func ready() {
    feed.ready()
  }

  private func start(_ preprocessor: Preprocessor) throws {
    if session.outputs.isEmpty { try configure() }
    cropper = Cropper(preprocessor)
    if !session.isRunning { session.startRunning() }
  }

  private func configure() throws {
    guard let camera = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .back) else {
      throw CameraError.missing
    }
    let input = try AVCaptureDeviceInput(device: camera)
    let output = AVCaptureVideoDataOutput()
    session.beginConfiguration()
    defer { session.commitConfiguration() }
    session.sessionPreset = .hd1280x720
    guard session.canAddInput(input), session.canAddOutput(output) else { throw CameraError.missing }
    session.addInput(input)
    session.addOutput(output)
    output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]
    output.alwaysDiscardsLateVideoFrames = true
    output.setSampleBufferDelegate(self, queue: queue)
    if let connection = output.connection(with: .video), connection.isVideoRotationAngleSupported(90) {
      connection.videoRotationAngle = 90  // upright, as the app is portrait only
    }
    self.camera = camera
    setFrameRate()
    listen(to: ProcessInfo.thermalStateDidChangeNotification, from: nil) { $0.setFrameRate() }
    listen(to: AVCaptureSession.runtimeErrorNotification, from: session) { $0.restart() }
  }

  /// For good: a feed lives as long as the app.
  private func listen(
    to name: Notification.Name, from sender: AnyObject?, _ act: @escaping @Sendable (CameraFeed) -> Void
  ) {
    _ = NotificationCenter.default.addObserver(forName: name, object: sender, queue: nil) { [weak self] _ in
      guard let self else { return }
      queue.async { act(self) }
    }
  }

  /// What the camera's service may need once, after it has been reset.
  private func restart() {
    guard feed.isWatched else { return }
    session.startRunning()
    if !session.isRunning { feed.fail(CameraError.failed) }
  }

  /// As fast as the device's heat lets it, and the camera can.
  private func setFrameRate() {
    let heat = DeviceRun.ThermalState.now ?? .nominal
    guard let camera, let range = camera.activeFormat.videoSupportedFrameRateRanges.first,
      (try? camera.lockForConfiguration()) != nil
    else { return }
    let rate = min(max(Double(heat.framesPerSecond), range.minFrameRate), range.maxFrameRate)
    let duration = CMTime(value: 1, timescale: CMTimeScale(rate.rounded(.up)))
    camera.activeVideoMinFrameDuration = duration
    camera.activeVideoMaxFrameDuration = duration
    camera.unlockForConfiguration()
  }

  func captureOutput(_ output: AVCaptureOutput, didOutput sample: CMSampleBuffer, from connection: AVCaptureConnection)
  {
    guard let cropper, let buffer = CMSampleBufferGetImageBuffer(sample) else { return }
    feed.offer { try cropper.crop(buffer) }
  }
}
