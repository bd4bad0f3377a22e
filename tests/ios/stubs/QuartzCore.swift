// Interface stub of Core Animation; see README.md.
@_exported import CoreGraphics

open class CALayer: NSObject {
  open var frame: CGRect {
    get { fatalError() }
    set {}
  }
  open func addSublayer(_ layer: CALayer) {}
}
