import MobileViTCore
import XCTest

/// The kit's JSON files: manifests, golden sets, device results.
final class FileTests: XCTestCase {
  func testManifestsAreRead() throws {
    let manifests = try Contract.objects("manifests.json", "valid").map(manifest)
    let (classifier, segmenter) = (manifests[0], manifests[1])
    XCTAssertEqual(classifier.kitVersion, "0.2.0")
    XCTAssertEqual(classifier.task, .classification)
    XCTAssertEqual(classifier.options, ["quantize": "int8-full", "calibration-samples": "128"])
    XCTAssertEqual(classifier.input.scale, [Double](repeating: 1 / 255, count: 3))
    XCTAssertEqual(classifier.answer.meaning, .probabilities)
    XCTAssertEqual(classifier.answer.quantization?.restored(64), 0.25)
    XCTAssertEqual(classifier.labels[1], "dotted ring")
    XCTAssertEqual(
      classifier.preprocessing, Preprocessing(resize: .shortestEdge(18), cropHeight: 16, cropWidth: 16))
    XCTAssertEqual(segmenter.answer.meaning, .classMap)
    XCTAssertEqual(segmenter.palette[1], RGBColor(hexadecimal: "#800000"))
    XCTAssertEqual(segmenter.input.kind, .image)
  }

  func testEachKindIsFoundInOneOfThem() throws {
    let manifests = try Contract.objects("manifests.json", "valid").map(manifest)
    let meanings = Set(manifests.map(\.answer.meaning))
    XCTAssertEqual(meanings, [.probabilities, .scores, .values, .logits, .classMap])
    let resized = manifests.map(\.preprocessing.resize)
    XCTAssert(resized.contains(.bothSides(height: 16, width: 18)) && resized.contains(.none))
    XCTAssert(manifests.contains { $0.input.colorOrder == .grey && $0.input.offset == [-1] })
    XCTAssert(manifests.contains { $0.artifact.format == .aimodel })
  }

  func testManifestsThatAreWrongAreRefusedInWords() throws {
    let invalid = try Contract.objects("manifests.json", "invalid")
    XCTAssertFalse(invalid.isEmpty)
    for each in invalid {
      let why = try XCTUnwrap(each["why"] as? String)
      let content = try XCTUnwrap(each["manifest"] as? [String: Any])
      XCTAssertThrowsError(try manifest(content), why) {
        XCTAssert($0 is FormatError, "\(why): \($0)")
        XCTAssert($0.localizedDescription.hasPrefix("m.manifest.json: "), $0.localizedDescription)
      }
    }
  }

  func testWrongPlacesAreNamed() throws {
    let valid = try XCTUnwrap(Contract.objects("manifests.json", "valid").first)
    var input = try XCTUnwrap(valid["input"] as? [String: Any])
    input["gamma"] = 2.2
    try assertRefused(valid, ["input": input], "m.manifest.json: input.gamma: this key is unknown.")
    try assertRefused(valid, ["labels": ["disc"]], "m.manifest.json: labels: 1 labels for 3 classes.")
    let older = "schema_version: this manifest is of schema 1, this app reads 2: convert the artifact again with"
    try assertRefused(
      valid, ["schema_version": 1, "unheard": "of"], "m.manifest.json: \(older) python -m converters.coreml.")
    input["gamma"] = nil
    input["shape"] = [1, 16, 18, 3]
    try assertRefused(valid, ["input": input], "m.manifest.json: input: its shape is not the crop's, 16 x 16.")
    input["shape"] = [16, 16, 3]
    try assertRefused(
      valid, ["input": input], "m.manifest.json: input.shape: a batch of images has 4 dimensions, not 3.")
    var steps = try XCTUnwrap(valid["preprocessing"] as? [String: Any])
    steps["resize_width"] = nil
    try assertRefused(
      valid, ["preprocessing": steps], "m.manifest.json: preprocessing.resize_width: this key is missing.")
    var artifact = try XCTUnwrap(valid["artifact"] as? [String: Any])
    artifact["sha256"] = "b"
    try assertRefused(valid, ["artifact": artifact], "m.manifest.json: artifact.sha256: this is no sha256.")
  }

  func testGoldenSetsAreReadAndHeldAgainstTheirBounds() throws {
    let golden = try GoldenSet(json: Contract.data("golden.json"), file: "m.golden.json")
    XCTAssertEqual(golden.pictures.map(\.name), ["000", "001"])
    XCTAssertEqual(golden.pictures[0].png.prefix(4), Data([0x89, 0x50, 0x4E, 0x47]))
    XCTAssertEqual(golden.answers, [[0.25, 0.5, 0.25], [0.125, 0, 0.875]])
    let verdicts = try golden.verdicts(golden.answers)
    XCTAssertEqual(Set(verdicts.map(\.id)), ["max_abs_error", "sqnr_db", "top1_agreement"])
    XCTAssert(verdicts.allSatisfy(\.passes))
    let turned = try golden.verdicts(golden.answers.map { $0.reversed() })
    XCTAssertEqual(turned.filter { !$0.passes }.map(\.id), ["max_abs_error", "sqnr_db"])
    XCTAssertThrowsError(try golden.verdicts([[1], [1]]))
  }

  func testGoldenSetsThatCannotBeJudgedAreRefused() throws {
    let valid = try Contract.object("golden.json") as? [String: Any] ?? [:]
    let wrong: [(String, Any)] = [
      ("bounds", ["ssim": 1]), ("bounds", [:]), ("shape", [4]), ("pictures", []), ("schema_version", 1),
      ("bounds", ["max_abs_error": 0.9, "sqnr_db": 16, "top1_agreement": 0.5]),  // loosened by hand
      ("sha256", String(repeating: "c", count: 64)),
    ]
    for (key, value) in wrong {
      let data = try JSONSerialization.data(withJSONObject: valid.merging([key: value]) { $1 })
      XCTAssertThrowsError(try GoldenSet(json: data, file: "m.golden.json"), key) { XCTAssert($0 is FormatError) }
    }
  }

  func testDeviceResultsAreWrittenAsTheSchemaHasThem() throws {
    let run = DeviceRun(
      artifact: "mobilevit_xxs_demo_int8-full.tflite", sha256: String(repeating: "b", count: 64), runtime: "litert",
      accelerator: "CPU", threads: 2, loadMilliseconds: 12.5, compileMilliseconds: 8.25, warmUp: 5,
      preprocessingMilliseconds: [1.5, 1.25, 1], inferenceMilliseconds: [4, 4.5, 4.25], waitMilliseconds: 2000,
      thermalStateBefore: .fair, thermalState: nil, peakMiB: 96.5,
      answers: [.init(picture: "000", exactPixels: true, values: [0.25, 0.5, 0.25], meaning: .probabilities)])
    let results = DeviceResults(
      device: Device(model: "Pixel 8", system: "Android 15", app: "MobileViT demo 1.0", soc: "Google Tensor G3"),
      recordedAt: Date(timeIntervalSince1970: 1_769_860_800), runs: [run])
    let written = try JSONSerialization.jsonObject(with: results.json())
    XCTAssertEqual(written as? NSDictionary, try Contract.object("device_results.json"))
  }

  func testThisDeviceIsDescribed() {
    let facts = Device.current(app: "tests 1.0")
    XCTAssertFalse(facts.model.isEmpty)
    let simulated = Device.current(app: "", environment: ["SIMULATOR_MODEL_IDENTIFIER": "iPad14,3"])
    XCTAssertEqual(simulated.model, "iPad14,3, simulated")
  }

  private func assertRefused(_ valid: [String: Any], _ changes: [String: Any], _ words: String) throws {
    XCTAssertThrowsError(try manifest(valid.merging(changes) { $1 })) {
      XCTAssertEqual($0.localizedDescription, words)
    }
  }
}
