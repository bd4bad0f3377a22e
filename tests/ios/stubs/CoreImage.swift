// Interface stub of Core Image; see README.md.
@_exported import CoreVideo

public struct CIImageOption: Hashable {
  public static var applyOrientationProperty: CIImageOption { fatalError() }
}

public class CIImage: NSObject {
  public init(cvPixelBuffer: CVPixelBuffer) { fatalError() }
  public init?(data: Data, options: [CIImageOption: Any]? = nil) { fatalError() }
  public var extent: CGRect { fatalError() }
}

public class CIContext: NSObject {
  public func createCGImage(_ image: CIImage, from fromRect: CGRect) -> CGImage? { fatalError() }
}
