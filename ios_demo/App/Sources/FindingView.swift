import MobileViTCore
import SwiftUI

/// A finding as a list of names and shares.
struct FindingView: View {
  let look: Look

  var body: some View {
    VStack(alignment: .leading, spacing: 8) {
      switch look.finding {
      case .classes(let predictions):
        ForEach(predictions) { ShareRow(name: $0.label, share: $0.probability, color: .accentColor) }
      case .labels(let predictions):
        if predictions.isEmpty { Text("No label") }
        ForEach(predictions) { ShareRow(name: $0.label, share: $0.probability, color: .accentColor) }
      case .values(let values):
        ForEach(values) {
          LabeledContent($0.label, value: $0.value.formatted(.number.precision(.significantDigits(4))))
        }
      case .regions(let regions, _):
        if regions.isEmpty { Text("Nothing but background") }
        // As many as a picture has, and no more room than it needs.
        ScrollView {
          VStack(spacing: 8) {
            ForEach(regions) { ShareRow(name: $0.label, share: $0.share, color: Color($0.color)) }
          }
        }
        .frame(maxHeight: 180)
        .fixedSize(horizontal: false, vertical: true)
      case .features(let count, let length):
        Text("\(count) features, of length \(length.formatted(.number.precision(.fractionLength(2))))")
      }
      Text("\(look.milliseconds.formatted(.number.precision(.fractionLength(1)))) ms, \(look.framework.rawValue)")
        .font(.footnote)
        .foregroundStyle(.secondary)
        .accessibilityLabel("The model took \(Int(look.milliseconds.rounded())) milliseconds")
    }
    .padding()
    .background(.regularMaterial)
    .accessibilityElement(children: .contain)
    .accessibilityAddTraits(.updatesFrequently)
    .accessibilityIdentifier("finding")
  }
}

/// A name, a bar and a percentage, which VoiceOver reads as one.
struct ShareRow: View {
  let name: String
  let share: Double
  let color: Color

  private var percent: String { share.formatted(.percent.precision(.fractionLength(1))) }

  var body: some View {
    VStack(alignment: .leading, spacing: 2) {
      HStack {
        Text(name)
        Spacer()
        Text(percent).monospacedDigit()
      }
      ProgressView(value: min(max(share, 0), 1)).tint(color)
    }
    .accessibilityElement(children: .ignore)
    .accessibilityLabel(name)
    .accessibilityValue(percent)
  }
}

/// The overlay of a finding that has one.
struct OverlayView: View {
  let finding: Finding

  var body: some View {
    if case .regions(let regions, let overlay) = finding {
      let placement = overlay.placement
      GeometryReader { frame in
        Image(decorative: overlay.colors.image, scale: 1)
          .interpolation(.none)
          .resizable()
          .frame(
            width: frame.size.width * placement.bounds.width, height: frame.size.height * placement.bounds.height
          )
          .offset(x: frame.size.width * placement.bounds.left, y: frame.size.height * placement.bounds.top)
      }
      .clipped()
      .aspectRatio(Double(placement.sourceWidth) / Double(placement.sourceHeight), contentMode: .fit)
      .accessibilityElement()
      .accessibilityLabel("Regions: \(regions.map(\.label).joined(separator: ", "))")
    }
  }
}

extension Color {
  init(_ color: RGBColor) {
    self.init(red: Double(color.red) / 255, green: Double(color.green) / 255, blue: Double(color.blue) / 255)
  }
}
