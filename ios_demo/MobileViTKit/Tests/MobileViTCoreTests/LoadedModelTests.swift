import MobileViTCore
import XCTest

/// What all frameworks share.
final class LoadedModelTests: XCTestCase {
  /// Answers what the test says.
  private actor Fake: LoadedModel {
    nonisolated let manifest: Manifest
    nonisolated let preprocessor: Preprocessor
    nonisolated let loadMilliseconds = 0.0
    nonisolated var framework: Framework { .coreAI }
    let values: [Float]

    init(_ manifest: Manifest, _ values: [Float]) throws {
      self.manifest = manifest
      self.values = values
      preprocessor = try Preprocessor(manifest, as: .tensor)
    }

    func answer(to pixels: RGBImage) -> Answer {
      Answer(values: values, milliseconds: 1)
    }
  }

  func testAnswersAreReadByTheManifest() async throws {
    let picture = RGBImage(width: 2, height: 1, bytes: [1, 2, 3, 4, 5, 6])
    func model(_ meaning: String) throws -> (Fake, Crop) {
      let fake = try Fake(manifest(output: ["meaning": meaning]), [0.75, 0.125, 0.875])
      return (fake, fake.preprocessor.crop(picture))
    }
    var (fake, crop) = try model("probabilities")
    let classes = try await fake.classify(crop, count: 1)
    XCTAssertEqual(classes.map(\.label), ["checkered cross"])
    (fake, crop) = try model("scores")
    let present = try await fake.present(crop)
    XCTAssertEqual(present.map(\.probability), [0.875, 0.75])
    (fake, crop) = try model("values")
    let values = try await fake.values(crop)
    XCTAssertEqual(values.map(\.value), [0.75, 0.125, 0.875])
    (fake, crop) = try model("logits")
    let logits = try await fake.logits(crop, count: 1)
    XCTAssertEqual(logits.map(\.value), [0.875])
  }

  func testPixelsBecomeTensors() throws {
    let picture = RGBImage(width: 2, height: 1, bytes: [255, 2, 3, 4, 5, 6])
    let last = try manifest().input
    XCTAssertEqual(picture.tensor(last), picture.bytes)
    let first = try manifest(input: ["layout": "NCHW", "shape": [1, 3, 16, 16]]).input
    XCTAssertEqual(picture.tensor(first), [255, 4, 2, 5, 3, 6])
    let one: [String: Any] = [
      "shape": [1, 16, 16, 1], "color_order": "L", "network_color_order": "L", "scale": [1], "offset": [0],
    ]
    let grey = try manifest(input: one).input
    XCTAssertEqual(picture.tensor(grey), [78, 5])  // as Pillow rounds 0.299 R + 0.587 G + 0.114 B
  }
}
