import MobileViTCore
import XCTest

final class AnswerTests: XCTestCase {
  private struct AnswerCase: Decodable {
    let logits: Data
    let top: [Int]
  }

  func testTheLargestAreNumPys() throws {
    for each in try Contract.cases("answers.json", of: AnswerCase.self) {
      XCTAssertEqual(largest(5, of: floats(each.logits)), each.top)
    }
  }

  func testPredictionsNameTheClasses() {
    let best = Prediction.best(2, of: [0.25, 0.125, 0.625], labels: ["disc", "ring", "cross"])
    XCTAssertEqual(best.map(\.label), ["cross", "disc"])
    XCTAssertEqual(best.map(\.probability), [0.625, 0.25])
  }

  private struct MetricCase: Decodable {
    let expected, answer, classes, otherClasses: Data
    let metrics: [String: Double]
    let higherIsBetter: [String: Bool]
  }

  func testMetricsAreTheHarnesss() throws {
    for each in try Contract.cases("metrics.json", of: MetricCase.self) {
      XCTAssertEqual(Set(Metric.allCases.map(\.rawValue)), Set(each.metrics.keys))
      for (name, expected) in each.metrics {
        let metric = try XCTUnwrap(Metric(rawValue: name))
        let pair = metric == .pixelAgreement ? (each.classes, each.otherClasses) : (each.expected, each.answer)
        let values = [pair.0, pair.1].map {
          slices(metric == .pixelAgreement ? $0.map(Float.init) : floats($0), 4)
        }
        XCTAssertEqual(metric.measure(expected: values[0], answers: values[1]), expected, accuracy: 1e-9, name)
        XCTAssertEqual(metric.higherIsBetter, each.higherIsBetter[name], name)
      }
    }
  }

  func testAnswersThatAreNotFiniteNeverPass() {
    for metric in Metric.allCases {
      let value = metric.measure(expected: [[0, 1]], answers: [[.nan, 1]])
      XCTAssertFalse(metric.passes(value, metric.higherIsBetter ? -.infinity : .infinity), metric.rawValue)
    }
  }

  private struct QuantizationCase: Decodable {
    let scale: Double
    let zeroPoint: Int
    let stored: [Int]
    let restored: [Double]
  }

  func testIntegersStandForTheReferencesNumbers() throws {
    for each in try Contract.cases("quantization.json", of: QuantizationCase.self) {
      let json = #"{"scale": \#(each.scale), "zero_point": \#(each.zeroPoint)}"#
      let quantization = try JSONDecoder().decode(Quantization.self, from: Data(json.utf8))
      XCTAssertEqual(each.stored.map(quantization.restored), each.restored)
    }
  }

  private struct StatisticsCase: Decodable {
    let times: [Double]
    let p50, p90, p99: Double
  }

  func testPercentilesAreNumPys() throws {
    XCTAssertNil(LatencyStatistics([]))
    for each in try Contract.cases("statistics.json", of: StatisticsCase.self) {
      let found = try XCTUnwrap(LatencyStatistics(each.times))
      XCTAssertEqual(found.p50, each.p50, accuracy: 1e-12)
      XCTAssertEqual(found.p90, each.p90, accuracy: 1e-12)
      XCTAssertEqual(found.p99, each.p99, accuracy: 1e-12)
    }
  }
}
