// Interface stub of Core Image; see README.md.
@_exported import CoreVideo

public class CIImage: NSObject {
  public init(cvPixelBuffer: CVPixelBuffer) { fatalError() }
  public var extent: CGRect { fatalError() }
}

public class CIContext: NSObject {
  public func createCGImage(_ image: CIImage, from fromRect: CGRect) -> CGImage? { fatalError() }
}
