import AVFoundation
import MobileViTCore
import MobileViTCoreML

/// Why there are no pictures.
enum CameraError: LocalizedError {
  case denied, missing

  var errorDescription: String? {
    switch self {
    case .denied: "This app may not use the camera. Settings, Privacy & Security, Camera allows it."
    case .missing: "This device has no camera that the app can use. The Photo tab takes pictures from the library."
    }
  }
}

/// The back camera's frames, each cropped for a model on the camera's own queue.
///
/// Unchecked: what changes does so on `queue` only.
final class CameraFeed: NSObject, AVCaptureVideoDataOutputSampleBufferDelegate, @unchecked Sendable {
  typealias Crops = AsyncThrowingStream<Crop, any Error>

  let session = AVCaptureSession()
  private let queue = DispatchQueue(label: "CameraFeed")
  private var sink: (preprocessor: Preprocessor, crops: Crops.Continuation, turn: Int)?
  private var turn = 0

  /// Starts the camera; it stops when the stream ends. Frames that nobody waits for are dropped.
  func crops(_ preprocessor: Preprocessor) async throws -> Crops {
    guard await AVCaptureDevice.requestAccess(for: .video) else { throw CameraError.denied }
    let (stream, crops) = Crops.makeStream(bufferingPolicy: .bufferingNewest(1))
    queue.async { self.start(preprocessor, crops) }
    return stream
  }

  private func start(_ preprocessor: Preprocessor, _ crops: Crops.Continuation) {
    do {
      if session.outputs.isEmpty { try configure() }
    } catch {
      return crops.finish(throwing: error)
    }
    turn += 1
    let mine = turn
    sink = (preprocessor, crops, mine)
    crops.onTermination = { _ in
      self.queue.async { self.stop(mine) }
    }
    if !session.isRunning { session.startRunning() }
  }

  /// Stops, unless another stream has taken over.
  private func stop(_ ended: Int) {
    if sink?.turn == ended {
      sink = nil
      session.stopRunning()
    }
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
  }

  func captureOutput(_ output: AVCaptureOutput, didOutput sample: CMSampleBuffer, from connection: AVCaptureConnection)
  {
    guard let sink, let buffer = CMSampleBufferGetImageBuffer(sample) else { return }
    do {
      sink.crops.yield(try sink.preprocessor.crop(buffer))
    } catch {
      sink.crops.finish(throwing: error)
    }
  }
}
