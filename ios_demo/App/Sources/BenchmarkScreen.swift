import CoreML
import MobileViTCore
import MobileViTCoreML
import SwiftUI

/// Times a model on chosen compute units, tests it against the reference, and shares what came out.
struct BenchmarkScreen: View {
  @Environment(ModelLibrary.self) private var library
  @State private var bench = Bench()

  var body: some View {
    ModelGate(title: "Benchmark") { _ in
      Form {
        Section("Settings") {
          Picker("Compute units", selection: $bench.settings.computeUnits) {
            ForEach(MLComputeUnits.choices, id: \.self) { Text($0.words).tag($0) }
          }
          Stepper("Warm-up: \(bench.settings.warmUp) runs", value: $bench.settings.warmUp, in: 0...50)
          Stepper("Measured: \(bench.settings.runs) runs", value: $bench.settings.runs, in: 10...1000, step: 10)
        }
        Section {
          if let phase = bench.phase {
            ProgressView(phase.words)
            Button("Cancel", role: .cancel) { bench.cancel() }
          } else if let artifact = library.selected {
            Button("Run") { bench.start(artifact) }
              .accessibilityIdentifier("run")
          }
          if let problem = bench.problem { Text(problem).foregroundStyle(.red) }
        }
        if !library.problems.isEmpty {
          Section("Models that cannot be used") {
            ForEach(library.problems, id: \.self) { Text($0) }
          }
        }
        if let outcome = bench.outcome { OutcomeSections(outcome: outcome) }
        if let file = bench.file {
          Section {
            ShareLink("Share results", item: file)
              .accessibilityIdentifier("share")
          } footer: {
            Text("\(bench.runs.count) runs, for python -m validation import-device")
          }
        }
      }
    }
  }
}

extension BenchmarkPhase {
  fileprivate var words: LocalizedStringKey {
    switch self {
    case .cooling: "Waiting for the device to cool down"
    case .loading: "Loading and warming up"
    case .measuring: "Measuring"
    case .testing: "Testing against the reference"
    }
  }
}

/// Times, memory, heat and the self-test of one run.
struct OutcomeSections: View {
  let outcome: BenchmarkOutcome

  var body: some View {
    Section("\(outcome.run.artifact), \(outcome.run.accelerator)") {
      row("Loading", outcome.run.loadMilliseconds)
      row("Preprocessing, p50", outcome.preprocessing.p50)
      row("Preprocessing, p90", outcome.preprocessing.p90)
      row("Inference, p50", outcome.inference.p50)
      row("Inference, p90", outcome.inference.p90)
      LabeledContent("Thermal state before", value: outcome.run.thermalStateBefore?.rawValue ?? "unknown")
      LabeledContent("Thermal state after", value: outcome.run.thermalState?.rawValue ?? "unknown")
      if outcome.run.isCool == false {
        Label("The device was warm: do not compare these times.", systemImage: "thermometer.high")
          .foregroundStyle(.red)
      }
      if let peak = outcome.run.peakMiB {
        LabeledContent("Peak memory of the app in this run", value: "\(Int(peak.rounded())) MiB")
      }
    }
    Section("Self-test") {
      if let test = outcome.selfTest {
        VerdictRow(name: "All golden pictures", detail: nil, passes: test.passes)
        ForEach(test.verdicts) { verdict in
          VerdictRow(name: verdict.metric.rawValue, detail: words(verdict), passes: verdict.passes)
        }
        VerdictRow(name: "Crops as the reference's", detail: nil, passes: test.sameCrops)
      } else {
        Text("NOT RUN: the model came without a golden set.")
      }
    }
  }

  private func row(_ name: LocalizedStringKey, _ milliseconds: Double) -> some View {
    LabeledContent(name, value: "\(milliseconds.formatted(.number.precision(.fractionLength(2)))) ms")
  }

  private func words(_ verdict: Verdict) -> String {
    let format = FloatingPointFormatStyle<Double>.number.precision(.significantDigits(3))
    let side = verdict.metric.higherIsBetter ? "at least" : "at most"
    return "\(verdict.value.formatted(format)), \(side) \(verdict.bound.formatted(format))"
  }
}

/// A check and how it went, in a symbol and in words.
struct VerdictRow: View {
  let name: String
  let detail: String?
  let passes: Bool

  var body: some View {
    HStack {
      Image(systemName: passes ? "checkmark.circle.fill" : "xmark.octagon.fill")
        .foregroundStyle(passes ? .green : .red)
      VStack(alignment: .leading) {
        Text(name)
        if let detail { Text(detail).font(.footnote).foregroundStyle(.secondary) }
      }
      Spacer()
      Text(passes ? "PASS" : "FAIL").bold()
    }
    .accessibilityElement(children: .combine)
  }
}
