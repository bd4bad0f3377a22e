import CoreGraphics
import MobileViTCore
import MobileViTCoreML
import SwiftUI

/// What each kind of model finds, for Xcode's canvas.
struct FindingView_Previews: PreviewProvider {
  static var previews: some View {
    VStack {
      ForEach(Look.samples, id: \.milliseconds) { look in
        ZStack {
          OverlayView(finding: look.finding)
          FindingView(look: look)
        }
      }
      ProblemView(problem: "There is no model in this app.")
      VerdictRow(name: "cosine", detail: "0.999, at least 0.99", passes: true)
    }
  }
}

extension Look {
  fileprivate static var samples: [Look] {
    let found = Prediction.best(3, of: [0.997, 0.002, 0.001], labels: ["dotted ring", "checkered ring", "disc"])
    let map = ClassMap(width: 64, height: 64, classes: (0..<64 * 64).map { $0 % 64 > 20 && $0 / 64 > 30 ? 1 : 0 })
    let palette = ["#000000", "#800000"].compactMap(RGBColor.init(hexadecimal:))
    let place = Placement(width: 96, height: 64, Preprocessing(resize: .none, cropHeight: 64, cropWidth: 64))
    let regions = zip(palette, map.shares).map { _, share in
      Region(id: share.label, label: "disc", color: palette[share.label], share: share.share)
    }
    var findings: [Finding] = [.classes(found), .labels([]), .features(count: 320, length: 12.5)]
    if let image = map.overlayImage(palette) {
      findings.append(.regions(regions, Overlay(colors: DrawnImage(image: image), placement: place)))
    }
    return findings.enumerated().map { Look(finding: $1, milliseconds: 1.5 + Double($0), framework: .coreML) }
  }
}
