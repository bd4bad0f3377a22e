// Interface stub of UIKit; see README.md.
@_exported import QuartzCore

@MainActor open class UIApplication {
  public nonisolated class var openSettingsURLString: String { fatalError() }
  public class var shared: UIApplication { fatalError() }
  open var isIdleTimerDisabled: Bool {
    get { fatalError() }
    set {}
  }
}

@MainActor open class UIView {
  public init(frame: CGRect) {}
  public convenience init() { fatalError() }
  open var layer: CALayer { fatalError() }
  open var bounds: CGRect {
    get { fatalError() }
    set {}
  }
  open func layoutSubviews() {}
}
