// Interface stub of SwiftUI: views; see README.md.

public enum HorizontalAlignment { case leading, center, trailing }
public enum VerticalAlignment { case top, center, bottom }
public enum Alignment { case center, bottom, top }
public enum ContentMode { case fit, fill }
public struct ButtonRole {
  public static var cancel: ButtonRole { fatalError() }
}

// A container and its content.
public struct Group<Content>: View {
  public init(@ViewBuilder content: () -> Content) where Content: View {}
  public var body: Never { fatalError() }
}
public struct NavigationStack<Root: View>: View {
  public init(@ViewBuilder root: () -> Root) {}
  public var body: Never { fatalError() }
}
public struct TabView<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { fatalError() }
}
public struct ScrollView<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { fatalError() }
}
public struct Form<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { fatalError() }
}
public struct GeometryProxy {
  public var size: CGSize { fatalError() }
}
public struct GeometryReader<Content: View>: View {
  public init(@ViewBuilder content: @escaping (GeometryProxy) -> Content) {}
  public var body: Never { fatalError() }
}
public struct VStack<Content: View>: View {
  public init(
    alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
  ) {}
  public var body: Never { fatalError() }
}
public struct HStack<Content: View>: View {
  public init(
    alignment: VerticalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
  ) {}
  public var body: Never { fatalError() }
}
public struct ZStack<Content: View>: View {
  public init(alignment: Alignment = .center, @ViewBuilder content: () -> Content) {}
  public var body: Never { fatalError() }
}
public struct Section<Parent, Content, Footer>: View {
  public var body: Never { fatalError() }
}
extension Section where Parent == Text, Content: View, Footer == EmptyView {
  public init(_ titleKey: LocalizedStringKey, @ViewBuilder content: () -> Content) {}
}
extension Section where Parent == EmptyView, Content: View, Footer == EmptyView {
  public init(@ViewBuilder content: () -> Content) {}
}
extension Section where Parent == EmptyView, Content: View, Footer: View {
  public init(@ViewBuilder content: () -> Content, @ViewBuilder footer: () -> Footer) {}
}
public struct ForEach<Data: RandomAccessCollection, ID: Hashable, Content>: View {
  public var body: Never { fatalError() }
}
extension ForEach where Content: View {
  public init(_ data: Data, @ViewBuilder content: @escaping (Data.Element) -> Content)
  where Data.Element: Identifiable, ID == Data.Element.ID {}
  public init(
    _ data: Data, id: KeyPath<Data.Element, ID>, @ViewBuilder content: @escaping (Data.Element) -> Content
  ) {}
}

// What shows or asks for something.
public struct Text: View {
  public init(_ key: LocalizedStringKey) {}
  @_disfavoredOverload public init<S: StringProtocol>(_ content: S) {}
  public func bold() -> Text { self }
  public func monospacedDigit() -> Text { self }
  public var body: Never { fatalError() }
}
public struct Image: View {
  public init(systemName: String) {}
  public init(decorative cgImage: CGImage, scale: CGFloat) {}
  public enum Interpolation { case none, low, medium, high }
  public func interpolation(_ interpolation: Interpolation) -> Image { self }
  public func resizable() -> Image { self }
  public var body: Never { fatalError() }
}
public struct Label: View {
  public init(_ titleKey: LocalizedStringKey, systemImage name: String) {}
  public var body: Never { fatalError() }
}
public struct Spacer: View {
  public init() {}
  public var body: Never { fatalError() }
}
public struct ProgressView: View {
  public init(_ titleKey: LocalizedStringKey) {}
  public init<V: BinaryFloatingPoint>(value: V?, total: V = 1.0) {}
  public init<V: BinaryFloatingPoint>(_ titleKey: LocalizedStringKey, value: V?, total: V = 1.0) {}
  public var body: Never { fatalError() }
}
public struct ContentUnavailableView: View {
  public init(_ title: LocalizedStringKey, systemImage name: String, description: Text? = nil) {}
  public var body: Never { fatalError() }
}
public struct LabeledContent: View {
  public init<S: StringProtocol>(_ titleKey: LocalizedStringKey, value: S) {}
  @_disfavoredOverload public init<T: StringProtocol, S: StringProtocol>(_ title: T, value: S) {}
  public var body: Never { fatalError() }
}
public struct Button: View {
  public init(_ titleKey: LocalizedStringKey, action: @escaping @MainActor () -> Void) {}
  public init(_ titleKey: LocalizedStringKey, role: ButtonRole?, action: @escaping @MainActor () -> Void) {}
  public var body: Never { fatalError() }
}
public struct Stepper: View {
  public init<V: Strideable>(
    _ titleKey: LocalizedStringKey, value: Binding<V>, in bounds: ClosedRange<V>, step: V.Stride = 1
  ) {}
  public var body: Never { fatalError() }
}
public struct Picker<SelectionValue: Hashable, Content: View>: View {
  public init(
    _ titleKey: LocalizedStringKey, selection: Binding<SelectionValue>, @ViewBuilder content: () -> Content
  ) {}
  public var body: Never { fatalError() }
}
public struct Link: View {
  public init(_ titleKey: LocalizedStringKey, destination: URL) {}
  public var body: Never { fatalError() }
}
public struct ShareLink: View {
  public init(_ titleKey: LocalizedStringKey, item: URL) {}
  public var body: Never { fatalError() }
}
