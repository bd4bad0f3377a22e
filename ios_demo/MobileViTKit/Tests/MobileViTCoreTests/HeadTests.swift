import MobileViTCore
import XCTest

/// What is read of each kind of head.
final class HeadTests: XCTestCase {
  private struct AnswerCase: Decodable {
    let logits, scores: Data
    let top, present: [Int]
  }

  func testScoresAboveTheThresholdAreThereWhateverTheOthersAre() throws {
    for each in try Contract.cases("answers.json", of: AnswerCase.self) {
      let scores = floats(each.scores)
      let found = try classifier("scores", scores.count).present(scores)
      XCTAssertEqual(found.map(\.id), each.present)
      XCTAssertEqual(found.map(\.probability), each.present.map { Double(scores[$0]) })
    }
    let three = try classifier("scores", 3)
    XCTAssertEqual(try three.present([0.75, 0.5, 0.875]).map(\.label), ["label 2", "label 0"])
    XCTAssertEqual(try three.present([0.75, 0.5, 0.875], threshold: 0.8).map(\.label), ["label 2"])
    XCTAssertEqual(try three.present([0, 0, 0]), [])
    XCTAssertEqual(try three.predictions([0.75, 0.5, 0.875], count: 3).map(\.probability), [0.875, 0.75, 0.5])
    XCTAssertThrowsError(try classifier("probabilities", 3).present([0.2, 0.7, 0.1]))
  }

  func testLogitsStayAsTheyAreTheLargestFirst() throws {
    for each in try Contract.cases("answers.json", of: AnswerCase.self) {
      let logits = floats(each.logits)
      let found = try classifier("logits", logits.count).logits(logits, count: 5)
      XCTAssertEqual(found.map(\.id), each.top)
      XCTAssertEqual(found.map(\.value), each.top.map { Double(logits[$0]) })
    }
    XCTAssertThrowsError(try classifier("logits", 2).predictions([1, 2], count: 1)) {
      XCTAssertEqual($0.localizedDescription, "This model answers with logits, which cannot be read so.")
    }
    XCTAssertThrowsError(try classifier("logits", 2).present([1, 2]))
  }

  func testValuesAreNamedByTheirLabels() throws {
    let values = try classifier("values", 2).values([-3.5, 40])
    XCTAssertEqual(values.map(\.label), ["label 0", "label 1"])
    XCTAssertEqual(values.map(\.value), [-3.5, 40])
    XCTAssertEqual(try classifier("values", 1).values([40]).map(\.value), [40])
    XCTAssertThrowsError(try classifier("values", 2).values([1]))
    XCTAssertThrowsError(try classifier("values", 2).predictions([1, 2], count: 1))
    XCTAssertThrowsError(try classifier("values", 2).present([1, 2]))
    XCTAssertThrowsError(try classifier("scores", 2).values([1, 2]))
    XCTAssertThrowsError(try manifest(Contract.objects("manifests.json", "valid")[1]).values([1]))
  }

  /// The artifact answers 0 or 1 for each pixel, or the logit of the class at coarse places.
  func testAClassAloneIsToldFromAllElse() throws {
    let valid = try Contract.objects("manifests.json", "valid").map(manifest)
    let alone = valid.filter { $0.task == .segmentation && $0.labels.count == 1 }
    XCTAssertEqual(alone.map(\.answer.meaning), [.classMap, .logits])
    let halves = [UInt8](repeating: 0, count: 128) + [UInt8](repeating: 1, count: 128)
    let answers: [[Float]] = [halves.map(Float.init), [-1, -1, 1, 1]]
    for (manifest, values) in zip(alone, answers) {
      let map = try manifest.classMap(values)
      XCTAssertEqual(map.classes, halves)
      XCTAssertEqual(map.shares.map(\.label), [1])
      XCTAssertEqual(manifest.classLabels, ["not disc", "disc"])
      XCTAssertEqual(manifest.classColors[1], RGBColor(hexadecimal: "#800000"))
      let overlay = map.overlay(manifest.classColors, opacity: 1)
      XCTAssertEqual(overlay.prefix(4), Data([0, 0, 0, 0]))
      XCTAssertEqual(overlay.suffix(4), Data([128, 0, 0, 255]))
    }
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
