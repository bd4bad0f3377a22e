import MobileViTCore
import XCTest

/// Packages are compiled once, and only where their bytes are those that the manifest describes.
final class CompiledModelTests: XCTestCase {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  private let package = "m.mlpackage"
  private var models: CompiledModels { CompiledModels(folder: folder.appendingPathComponent("kept/models")) }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(at: folder)
  }

  func testAPackageOfTheManifestsBytesIsCompiledOnce() async throws {
    let artifact = try placed()
    let first = try await models.place(of: artifact, compile: compiled)
    XCTAssertEqual(try Data(contentsOf: first.appendingPathComponent("model")), Data("m.mlpackage".utf8))
    XCTAssert(first.lastPathComponent.hasPrefix(artifact.manifest.artifact.sha256), first.path)
    let second = try await models.place(of: artifact) { _ in throw CancellationError() }
    XCTAssertEqual(second.path, first.path)
  }

  func testAnyOtherBytesAreRefusedAndNotCompiled() async throws {
    let weights = "Data/com.apple.CoreML/weights/weight.bin"
    let changes: [(URL) throws -> Void] = [
      { try Data([1]).write(to: $0.appendingPathComponent(weights)) },
      { try Data().write(to: $0.appendingPathComponent("more")) },
      { try FileManager.default.removeItem(at: $0.appendingPathComponent("Manifest.json")) },
      { try FileManager.default.moveItem(at: $0.appendingPathComponent("a b"), to: $0.appendingPathComponent("a_b")) },
    ]
    for change in changes {
      let artifact = try placed()
      try change(artifact.model)
      do {
        _ = try await models.place(of: artifact) { _ in
          XCTFail("it was compiled")
          throw CancellationError()
        }
        XCTFail("it was taken")
      } catch {
        XCTAssertEqual(
          error.localizedDescription,
          "m.mlpackage: this is not the package that its manifest describes (sha256 differs): convert it again.")
      }
      XCTAssertFalse(FileManager.default.fileExists(atPath: models.folder.path))
    }
  }

  func testWhatMacOSLeavesInAPackageDoesNotCount() throws {
    let artifact = try placed()
    for path in try XCTUnwrap(Contract.object("digest.json")["uncounted"] as? [String]) {
      try Data([1]).write(to: artifact.model.appendingPathComponent(path))
    }
    try artifact.checkBytes()
  }

  func testALinkInAPackageIsRefusedByName() throws {
    for target in ["Manifest.json", "Data", "nowhere"] {
      let artifact = try placed()
      try FileManager.default.createSymbolicLink(
        atPath: artifact.model.appendingPathComponent("Data/link").path,
        withDestinationPath: artifact.model.appendingPathComponent(target).path)
      XCTAssertThrowsError(try artifact.checkBytes()) {
        XCTAssertEqual(
          $0.localizedDescription, "m.mlpackage: this is no artifact: Data/link in it is a link.")
      }
    }
  }

  func testOldCompiledModelsAreRemoved() async throws {
    let artifact = try placed()
    try models.keepOnly([artifact])
    let kept = try await models.place(of: artifact, compile: compiled)
    let old = [String(repeating: "0", count: 64), artifact.manifest.artifact.sha256].map {
      models.folder.appendingPathComponent("\($0) iOS 1.mlmodelc")
    }
    for each in old { try FileManager.default.createDirectory(at: each, withIntermediateDirectories: true) }
    try models.keepOnly([artifact])
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: models.folder.path), [kept.lastPathComponent])
  }

  func testWhatXcodeCompiledIsTakenAsItIs() async throws {
    let artifact = try placed()
    let compiled = folder.appendingPathComponent("m.mlmodelc")
    try FileManager.default.moveItem(at: artifact.model, to: compiled)
    let found = try await models.place(of: Artifact(package, in: folder)) { _ in throw CancellationError() }
    XCTAssertEqual(found.lastPathComponent, "m.mlmodelc")
  }

  /// The package of the fixture, whose sha256 Python has computed, in a folder of its own.
  private func placed() throws -> Artifact {
    try? FileManager.default.removeItem(at: folder)
    let fixture = try Contract.object("digest.json")
    for (path, content) in try XCTUnwrap(fixture["files"] as? [String: String]) {
      let place = folder.appendingPathComponent(package).appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try XCTUnwrap(Data(base64Encoded: content)).write(to: place)
    }
    var manifest = try Contract.objects("manifests.json", "valid")[1]
    let facts = try XCTUnwrap(manifest["artifact"] as? [String: Any])
    manifest["artifact"] = facts.merging(["file": package, "sha256": try XCTUnwrap(fixture["sha256"])]) { $1 }
    try JSONSerialization.data(withJSONObject: manifest)
      .write(to: folder.appendingPathComponent(package + Manifest.suffix))
    return try Artifact(package, in: folder)
  }

  /// Core ML's compiler in name: a new folder somewhere, which tells what it was made of.
  private func compiled(_ package: URL) async throws -> URL {
    let place = folder.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try Data(package.lastPathComponent.utf8).write(to: place.appendingPathComponent("model"))
    return place
  }
}
