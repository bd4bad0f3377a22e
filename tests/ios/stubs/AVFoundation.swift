// Interface stub of AVFoundation and Core Media; see README.md.
@_exported import CoreVideo
@_exported import Dispatch
@_exported import QuartzCore

public final class CMSampleBuffer {}
public func CMSampleBufferGetImageBuffer(_ sbuf: CMSampleBuffer) -> CVImageBuffer? { fatalError() }

public typealias CMTimeScale = Int32
public struct CMTime: Sendable {
  public init(value: Int64, timescale: CMTimeScale) {}
}

public class AVFrameRateRange: NSObject {
  public var minFrameRate: Double { fatalError() }
  public var maxFrameRate: Double { fatalError() }
}

public struct AVMediaType: Hashable, Sendable {
  public static let video = AVMediaType()
}

public class AVCaptureDevice: NSObject {
  public struct DeviceType: Hashable, Sendable {
    public static let builtInWideAngleCamera = DeviceType()
  }
  public enum Position: Int, Sendable { case unspecified, back, front }
  public class Format: NSObject {
    public var videoSupportedFrameRateRanges: [AVFrameRateRange] { fatalError() }
  }
  public var activeFormat: Format { fatalError() }
  public var activeVideoMinFrameDuration: CMTime {
    get { fatalError() }
    set {}
  }
  public var activeVideoMaxFrameDuration: CMTime {
    get { fatalError() }
    set {}
  }
  public func lockForConfiguration() throws {}
  public func unlockForConfiguration() {}
  public class func requestAccess(for mediaType: AVMediaType) async -> Bool { fatalError() }
  public class func `default`(
    _ deviceType: DeviceType, for mediaType: AVMediaType?, position: Position
  ) -> AVCaptureDevice? { fatalError() }
}

public class AVCaptureInput: NSObject {}
public class AVCaptureDeviceInput: AVCaptureInput {
  public init(device: AVCaptureDevice) throws { fatalError() }
}

public class AVCaptureConnection: NSObject {
  public var videoRotationAngle: CGFloat {
    get { fatalError() }
    set {}
  }
  public func isVideoRotationAngleSupported(_ videoRotationAngle: CGFloat) -> Bool { fatalError() }
}

public class AVCaptureOutput: NSObject {
  public func connection(with mediaType: AVMediaType) -> AVCaptureConnection? { fatalError() }
}

public protocol AVCaptureVideoDataOutputSampleBufferDelegate: NSObjectProtocol {
  func captureOutput(_ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from: AVCaptureConnection)
}

public class AVCaptureVideoDataOutput: AVCaptureOutput {
  public var videoSettings: [String: Any]! {
    get { fatalError() }
    set {}
  }
  public var alwaysDiscardsLateVideoFrames: Bool {
    get { fatalError() }
    set {}
  }
  public func setSampleBufferDelegate(
    _ sampleBufferDelegate: (any AVCaptureVideoDataOutputSampleBufferDelegate)?,
    queue sampleBufferCallbackQueue: DispatchQueue?
  ) {}
}

public class AVCaptureSession: NSObject {
  public class var runtimeErrorNotification: Notification.Name { fatalError() }
  public class var wasInterruptedNotification: Notification.Name { fatalError() }
  public class var interruptionEndedNotification: Notification.Name { fatalError() }
  public struct Preset: Hashable, Sendable {
    public static let hd1280x720 = Preset()
  }
  public var sessionPreset: Preset {
    get { fatalError() }
    set {}
  }
  public var outputs: [AVCaptureOutput] { fatalError() }
  public var isRunning: Bool { fatalError() }
  public func beginConfiguration() {}
  public func commitConfiguration() {}
  public func canAddInput(_ input: AVCaptureInput) -> Bool { fatalError() }
  public func addInput(_ input: AVCaptureInput) {}
  public func canAddOutput(_ output: AVCaptureOutput) -> Bool { fatalError() }
  public func addOutput(_ output: AVCaptureOutput) {}
  public func startRunning() {}
  public func stopRunning() {}
}

public struct AVLayerVideoGravity: Hashable, Sendable {
  public static let resizeAspect = AVLayerVideoGravity()
}

public class AVCaptureVideoPreviewLayer: CALayer {
  public var session: AVCaptureSession?
  public var videoGravity: AVLayerVideoGravity {
    get { fatalError() }
    set {}
  }
}
