import CoreGraphics
import MobileViTCore
import MobileViTCoreML

/// What a model found in a picture, ready to be shown.
enum Finding: Sendable {
  /// One of the classes is there: the most probable ones.
  case classes([Prediction])
  /// Any number of labels may be there: those that are.
  case labels([Prediction])
  /// Numbers that are no shares: of regression, or logits, the largest ones.
  case values([LabelledValue])
  case regions([Region], Overlay)
  case features(count: Int, length: Double)
}

/// A class in a segmented picture.
struct Region: Identifiable, Sendable {
  let id: Int
  let label: String
  let color: RGBColor
  /// Of the crop's pixels, 0..1.
  let share: Double
}

/// A picture, or the colours to lay over it. An image that is drawn never changes: it may be handed on.
struct DrawnImage: @unchecked Sendable {
  let image: CGImage
}

/// Colours to lay over a picture.
struct Overlay: Sendable {
  /// Of the crop.
  let colors: DrawnImage
  /// Where the crop lies on the picture, which knows how the picture is shaped too.
  let placement: Placement
}

/// A finding and how long the model took.
struct Look: Sendable {
  let finding: Finding
  let milliseconds: Double
  let framework: Framework
}

extension LoadedModel {
  /// Looks at a crop with whatever the model is for. Runs off the main actor.
  func look(at crop: Crop) async throws -> Look {
    let answer = try await answer(to: crop.pixels)
    return Look(
      finding: try finding(answer.values, crop.placement), milliseconds: answer.milliseconds, framework: framework)
  }

  private func finding(_ values: [Float], _ placement: Placement) throws -> Finding {
    switch manifest.task {
    case .classification:
      switch manifest.answer.meaning {
      case .scores: return .labels(try manifest.present(values))
      case .values: return .values(try manifest.values(values))
      case .logits: return .values(try manifest.logits(values, count: 5))
      default: return .classes(try manifest.predictions(values, count: 5))
      }
    case .segmentation:
      let map = try manifest.classMap(values)
      guard let image = map.overlayImage(manifest.classColors) else { throw ModelError.memory }
      let (labels, colors) = (manifest.classLabels, manifest.classColors)
      let regions = map.shares.filter { $0.label < labels.count }.map {
        Region(id: $0.label, label: labels[$0.label], color: colors[$0.label], share: $0.share)
      }
      return .regions(regions, Overlay(colors: DrawnImage(image: image), placement: placement))
    case .features:
      let vector = try manifest.features(values)
      return .features(count: vector.count, length: vector.reduce(0) { $0 + Double($1 * $1) }.squareRoot())
    }
  }
}
