import MobileViTCore
import XCTest

/// Artifacts in a folder, and what the values of their answers say.
final class ArtifactTests: XCTestCase {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  private let package = "deeplabv3_mobilevit_xxs_demo_float16.mlpackage"

  override func setUpWithError() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(at: folder)
  }

  func testArtifactsOfAFolderAreFound() throws {
    XCTAssertEqual(Artifact.all(in: folder).artifacts, [])
    try place(segmenter(), package: package)
    let found = Artifact.all(in: folder)
    XCTAssertEqual(found.artifacts.map(\.id), [package])
    XCTAssertEqual(found.artifacts.first?.model.lastPathComponent, package)
    XCTAssertNil(try found.artifacts.first?.goldenSet())
    XCTAssert(found.problems.isEmpty)
  }

  func testArtifactsForCoreAIAreFoundToo() throws {
    let manifests = try Contract.objects("manifests.json", "valid")
    func format(_ content: [String: Any]) -> String? { (content["artifact"] as? [String: Any])?["format"] as? String }
    let content = try XCTUnwrap(manifests.first { format($0) == "aimodel" })
    let data = try JSONSerialization.data(withJSONObject: content)
    try data.write(to: folder.appendingPathComponent("m.aimodel" + Manifest.suffix))
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("m.aimodel"), withIntermediateDirectories: true)
    try place(segmenter(), package: package)
    let found = Artifact.all(in: folder)
    XCTAssertEqual(found.artifacts.map(\.id), [package, "m.aimodel"])
    XCTAssertEqual(found.artifacts.map(\.framework), [.coreML, .coreAI])
    XCTAssertThrowsError(try found.artifacts[1].checkBytes())
  }

  func testWhatXcodeCompiledIsFoundToo() throws {
    try place(segmenter(), package: "deeplabv3_mobilevit_xxs_demo_float16.mlmodelc")
    XCTAssertEqual(try Artifact(package, in: folder).model.pathExtension, "mlmodelc")
  }

  func testOneBadArtifactHidesNoOther() throws {
    try place(segmenter(), package: package)
    try Data("{}".utf8).write(to: folder.appendingPathComponent("bad.mlpackage" + Manifest.suffix))
    let found = Artifact.all(in: folder)
    XCTAssertEqual(found.artifacts.map(\.id), [package])
    XCTAssertEqual(
      found.problems.map(\.localizedDescription),
      ["bad.mlpackage.manifest.json: schema_version: this key is missing."])
  }

  func testWhatIsMissingIsNamed() throws {
    try assertFails("m.mlpackage", "m.mlpackage.manifest.json: this file is missing.")
    try place(segmenter(), package: "other.mlpackage")
    try assertFails(package, "\(package): this package is missing.")
  }

  func testAGoldenSetOfOtherBytesIsRefused() throws {
    try place(segmenter(), package: package)
    try Contract.data("golden.json").write(to: folder.appendingPathComponent(package + GoldenSet.suffix))
    XCTAssertThrowsError(try Artifact(package, in: folder).goldenSet()) {
      XCTAssertEqual($0.localizedDescription, "\(package).golden.json: sha256: it belongs to other bytes.")
    }
  }

  func testValuesAreReadByTheirMeaning() throws {
    let classifier = try manifest()
    XCTAssertEqual(try classifier.predictions([0.25, 0.5, 0.25], count: 1).map(\.label), ["dotted ring"])
    XCTAssertThrowsError(try classifier.predictions([1], count: 1)) {
      XCTAssertEqual($0.localizedDescription, "The model gave 1 values where its manifest says 3.")
    }
    XCTAssertThrowsError(try classifier.classMap([])) { XCTAssertEqual($0 as? ReadingError, .task(.classification)) }
    let map = try manifest(segmenter()).classMap((0..<256).map { Float($0 % 3) })
    XCTAssertEqual([map.width, map.height], [16, 16])
    XCTAssertEqual(map.classes.prefix(4), [0, 1, 2, 0])
    XCTAssertThrowsError(try manifest(segmenter()).predictions([1], count: 1)) {
      XCTAssertEqual($0 as? ReadingError, .task(.segmentation))
    }
  }

  private func segmenter() throws -> [String: Any] {
    try Contract.objects("manifests.json", "valid")[1]
  }

  private func place(_ manifest: [String: Any], package model: String) throws {
    let data = try JSONSerialization.data(withJSONObject: manifest)
    try data.write(to: folder.appendingPathComponent(package + Manifest.suffix))
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent(model), withIntermediateDirectories: true)
  }

  private func assertFails(_ file: String, _ words: String) throws {
    XCTAssertThrowsError(try Artifact(file, in: folder)) { XCTAssertEqual($0.localizedDescription, words) }
  }
}
