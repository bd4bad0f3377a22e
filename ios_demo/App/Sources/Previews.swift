import AVFoundation
import MobileViTCore
import MobileViTCoreML
import SwiftUI

// The app's views in Xcode's canvas, without a model, a camera or a photo.

struct FindingView_Previews: PreviewProvider {
  static var previews: some View {
    VStack {
      ForEach(Look.samples, id: \.milliseconds) { look in
        ZStack {
          OverlayView(finding: look.finding)
          FindingView(look: look)
        }
      }
      ShareRow(name: "dotted ring", share: 0.997, color: .accentColor)
      ProblemView(problem: "There is no model in this app.")
    }
  }
}

struct LiveView_Previews: PreviewProvider {
  static var previews: some View {
    VStack {
      CameraPreview(session: AVCaptureSession())
      ForEach(Look.samples, id: \.milliseconds) { look in
        ZStack(alignment: .bottom) { LiveView(session: AVCaptureSession(), look: look) }
        if case .regions(_, let overlay) = look.finding {
          SeenView(seen: Photo.Seen(picture: overlay.colors, look: look))
        }
      }
    }
  }
}

struct OutcomeSections_Previews: PreviewProvider {
  static var previews: some View {
    Form {
      if let outcome = BenchmarkOutcome.sample { OutcomeSections(outcome: outcome) }
      VerdictRow(name: "sqnr_db", detail: "21.5, at least 30", passes: false)
    }
  }
}

struct Screens_Previews: PreviewProvider {
  static var previews: some View {
    let library = ModelLibrary(folder: nil)
    TabView {
      CameraScreen()
      PhotoScreen()
      BenchmarkScreen()
      ModelGate(title: "Photo") { _ in ModelPicker(library: library) }
        .task { await library.load() }
    }
    .environment(library)
  }
}

extension Look {
  /// Each kind of finding.
  fileprivate static var samples: [Look] {
    let labels = ["dotted ring", "checkered ring", "disc"]
    let found = Prediction.best(3, of: [0.997, 0.002, 0.001], labels: labels)
    let values = zip([4.5, 0.25, -3.125], labels).enumerated().map {
      LabelledValue(id: $0, label: $1.1, value: $1.0)
    }
    let map = ClassMap(width: 64, height: 64, classes: (0..<64 * 64).map { $0 % 64 > 20 && $0 / 64 > 30 ? 1 : 0 })
    let palette = ["#000000", "#800000"].compactMap(RGBColor.init(hexadecimal:))
    let place = Placement(width: 96, height: 64, Preprocessing(resize: .none, cropHeight: 64, cropWidth: 64))
    let regions = map.shares.map { Region(id: $0.label, label: "disc", color: palette[$0.label], share: $0.share) }
    var findings: [Finding] = [
      .classes(found), .labels(found), .labels([]), .values(values), .features(count: 320, length: 12.5),
    ]
    if let image = map.overlayImage(palette) {
      findings.append(.regions(regions, Overlay(colors: DrawnImage(image: image), placement: place)))
    }
    return findings.enumerated().map { Look(finding: $1, milliseconds: 1.5 + Double($0), framework: .coreML) }
  }
}

extension BenchmarkOutcome {
  /// Of a device that got warm.
  fileprivate static var sample: BenchmarkOutcome? {
    let (cropTimes, runTimes) = ([3.5, 4, 5], [1.5, 1.75, 2.25])
    guard let preprocessing = LatencyStatistics(cropTimes), let inference = LatencyStatistics(runTimes) else {
      return nil
    }
    let run = DeviceRun(
      artifact: "mobilevit_xxs_demo_float16.mlpackage", sha256: String(repeating: "0", count: 64), accelerator: "ALL",
      loadMilliseconds: 125, warmUp: 5, preprocessingMilliseconds: cropTimes,
      inferenceMilliseconds: runTimes, waitMilliseconds: 0, thermalStateBefore: .nominal, thermalState: .fair,
      peakMiB: 96.5, answers: [])
    let verdicts = [Verdict(metric: .cosine, value: 0.999, bound: 0.99)]
    return BenchmarkOutcome(
      run: run, preprocessing: preprocessing, inference: inference,
      selfTest: SelfTest(verdicts: verdicts, sameCrops: true))
  }
}
