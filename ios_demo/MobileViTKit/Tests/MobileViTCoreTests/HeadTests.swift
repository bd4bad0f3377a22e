import MobileViTCore
import XCTest

/// What is read of each kind of head.
final class HeadTests: XCTestCase {
  private struct AnswerCase: Decodable {
    let logits, scores: Data
    let softmax, sigmoid: [Double]
    let top, present: [Int]
  }

  func testScoresAboveTheThresholdAreThereWhateverTheOthersAre() throws {
    for each in try Contract.cases("answers.json", of: AnswerCase.self) {
      let (scores, logits) = (floats(each.scores), floats(each.logits))
      let found = try classifier("scores", scores.count).present(scores)
      XCTAssertEqual(found.map(\.id), each.present)
      XCTAssertEqual(found.map(\.probability), each.present.map { Double(scores[$0]) })
      XCTAssertEqual(try classifier("logits", logits.count).present(logits).map(\.id), each.present)
    }
    let three = try classifier("scores", 3)
    XCTAssertEqual(try three.present([0.75, 0.5, 0.875]).map(\.label), ["label 2", "label 0"])
    XCTAssertEqual(try three.present([0.75, 0.5, 0.875], threshold: 0.8).map(\.label), ["label 2"])
    XCTAssertEqual(try three.present([0, 0, 0]), [])
    XCTAssertEqual(try three.predictions([0.75, 0.5, 0.875], count: 3).map(\.probability), [0.875, 0.75, 0.5])
    XCTAssertThrowsError(try classifier("probabilities", 3).present([0.2, 0.7, 0.1]))
  }

  func testLogitsAreReadByTheActivationThatTheCallerNames() throws {
    for each in try Contract.cases("answers.json", of: AnswerCase.self) {
      let logits = floats(each.logits)
      let manifest = try classifier("logits", logits.count)
      let named: [(Activation?, [Double])] = [
        (nil, each.softmax), (.softmax, each.softmax), (.sigmoid, each.sigmoid),
      ]
      for (activation, expected) in named {
        let found = try manifest.predictions(logits, count: 5, activation: activation)
        XCTAssertEqual(found.map(\.id), each.top)
        for each in found { XCTAssertEqual(each.probability, expected[each.id], accuracy: 1e-12) }
      }
      XCTAssertEqual(try manifest.labelled(logits).map(\.value), logits.map(Double.init))
    }
    XCTAssertEqual(try classifier("logits", 1).predictions([0], count: 1).map(\.probability), [0.5])
  }

  func testValuesAreNamedByTheirLabels() throws {
    let values = try classifier("values", 2).labelled([-3.5, 40])
    XCTAssertEqual(values.map(\.label), ["label 0", "label 1"])
    XCTAssertEqual(values.map(\.value), [-3.5, 40])
    XCTAssertThrowsError(try classifier("values", 2).labelled([1]))
    XCTAssertThrowsError(try classifier("values", 2).predictions([1, 2], count: 1))
    XCTAssertThrowsError(try classifier("values", 2).present([1, 2]))
    XCTAssertThrowsError(try classifier("scores", 2).labelled([1, 2]))
  }

  func testAClassAloneIsToldFromAllElse() throws {
    var content = try Contract.objects("manifests.json", "valid")[2]
    var output = try XCTUnwrap((content["outputs"] as? [[String: Any]])?.first)
    output["shape"] = [1, 1, 2, 2]
    output["layout"] = "NCHW"
    content["outputs"] = [output]
    content["labels"] = ["disc"]
    content["palette"] = ["#800000"]
    let manifest = try manifest(content)
    let map = try manifest.classMap([-1, 1, -1, 1])
    XCTAssertEqual(Array(map.classes.prefix(16)), [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 1, count: 8))
    XCTAssertEqual(map.shares.map(\.label), [1])
    XCTAssertEqual(manifest.classLabels[1], "disc")
    XCTAssertEqual(manifest.classColors[1], RGBColor(hexadecimal: "#800000"))
  }

  private func classifier(_ meaning: String, _ labels: Int) throws -> Manifest {
    var content = try Contract.objects("manifests.json", "valid")[0]
    var output = try XCTUnwrap((content["outputs"] as? [[String: Any]])?.first)
    output["meaning"] = meaning
    output["shape"] = [1, labels]
    content["outputs"] = [output]
    content["labels"] = (0..<labels).map { "label \($0)" }
    return try manifest(content)
  }
}
