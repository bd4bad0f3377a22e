import MobileViTCore
import XCTest

final class PreprocessingTests: XCTestCase {
  func testPlacementIsTheReferences() throws {
    for each in try Contract.placedCases("geometry.json") {
      let (found, expected) = (each.found, each.placement)
      XCTAssertEqual(
        [found.resizedWidth, found.resizedHeight, found.left, found.top],
        [expected.width, expected.height, expected.left, expected.top], "\(each)")
    }
  }

  func testADecoderKeepsWhatTheCropNeeds() {
    func kept(_ resize: Preprocessing.Resize, _ width: Int = 6048, _ height: Int = 8064) -> Int {
      Placement(width: width, height: height, Preprocessing(resize: resize, cropHeight: 256, cropWidth: 256))
        .longestEdge()
    }
    XCTAssertEqual(kept(.shortestEdge(288)), 2048)
    XCTAssertEqual(kept(.shortestEdge(1200)), 3200)
    XCTAssertEqual(kept(.bothSides(height: 512, width: 2016)), 5376)
    XCTAssertEqual(kept(.none), 8064)
    XCTAssertEqual(kept(.shortestEdge(288), 640, 480), 640)
  }

  private struct PixelCase: Decodable {
    let rgb, expected, grey: Data
  }

  func testPixelsAreTheReferencesBitForBit() throws {
    try assertPixels("pixels.json")
  }

  func testTallPicturesAreResizedInPillowsOrder() throws {
    try assertPixels("tall.json")
  }

  func testAllFiltersOfPillowsAreItsOwnBitForBit() throws {
    try assertPixels("filters.json")
  }

  /// Squashed, with the shortest edge, not resized; with a crop, with none; not square; in colours and in grey.
  func testPixelsAreTransformersBitForBit() throws {
    let places = try Contract.cases("processors.json", of: Steps.self, keys: .useDefaultKeys)
    for (placed, pixels) in zip(places, try Contract.cases("processors.json", of: PixelCase.self)) {
      let picture = RGBImage(width: placed.width, height: placed.height, bytes: [UInt8](pixels.rgb))
      let found = try Preprocessor(placed.preprocessing).crop(picture).pixels
      XCTAssertEqual(found.bytes, [UInt8](pixels.expected), "\(placed)")
      let grey = try Preprocessor(placed.preprocessing, grey: true).crop(picture).pixels
      XCTAssertEqual(written(grey, 1) { $0.writeGrey(to: $1, bytesPerRow: $2) }, [UInt8](pixels.grey), "\(placed)")
    }
  }

  private struct Steps: Decodable {
    let width, height: Int
    let preprocessing: Preprocessing
  }

  private func assertPixels(_ file: String) throws {
    let places = try Contract.placedCases(file)
    for (placed, pixels) in zip(places, try Contract.cases(file, of: PixelCase.self)) {
      let picture = RGBImage(width: placed.width, height: placed.height, bytes: [UInt8](pixels.rgb))
      let crop = try Preprocessor(placed.preprocessing).crop(picture)
      XCTAssertEqual(crop.pixels.bytes, [UInt8](pixels.expected), "\(placed)")
      XCTAssertEqual(crop.placement, placed.found)
      XCTAssertEqual(written(crop.pixels, 1) { $0.writeGrey(to: $1, bytesPerRow: $2) }, [UInt8](pixels.grey))
      let each = slices(crop.pixels.bytes, crop.pixels.width * crop.pixels.height)
      let turned: [UInt8] = each.flatMap { [$0[2], $0[1], $0[0], 255] }
      XCTAssertEqual(written(crop.pixels, 4) { $0.writeBGRA(to: $1, bytesPerRow: $2) }, turned)
    }
  }

  /// What `write` puts into rows with gaps, without the gaps, which it leaves as they are.
  private func written(
    _ image: RGBImage, _ bytesPerPixel: Int, _ write: (RGBImage, UnsafeMutableRawBufferPointer, Int) -> Void
  ) -> [UInt8] {
    let (length, gap) = (image.width * bytesPerPixel, 5)
    var bytes = [UInt8](repeating: 7, count: (length + gap) * image.height)
    bytes.withUnsafeMutableBytes { write(image, $0, length + gap) }
    let rows = slices(bytes, image.height)
    XCTAssert(rows.allSatisfy { $0.suffix(gap) == [UInt8](repeating: 7, count: gap)[...] })
    return rows.flatMap { $0.prefix(length) }
  }

  func testRowsWithGapsAndOtherChannelOrdersAreRead() throws {
    let preprocessing = Preprocessing(resize: .shortestEdge(6), cropHeight: 5, cropWidth: 5)
    let picture = RGBImage(width: 9, height: 7, bytes: (0..<9 * 7 * 3).map { UInt8($0 * 53 % 256) })
    let bytesPerRow = 9 * 4 + 12
    var bgra = [UInt8](repeating: 255, count: bytesPerRow * 7)
    for pixel in 0..<9 * 7 {
      let place = pixel / 9 * bytesPerRow + pixel % 9 * 4
      for channel in 0..<3 { bgra[place + channel] = picture.bytes[pixel * 3 + 2 - channel] }
    }
    let preprocessor = try Preprocessor(preprocessing)
    let crop = bgra.withUnsafeBytes {
      preprocessor.crop(
        PixelView(
          bytes: $0, width: 9, height: 7, bytesPerRow: bytesPerRow, bytesPerPixel: 4,
          channels: (red: 2, green: 1, blue: 0)))
    }
    XCTAssertEqual(crop, preprocessor.crop(picture))
  }

  func testACropperKeepsNothingOfThePictureBefore() throws {
    for grey in [false, true] {
      let steps = Preprocessing(resize: .shortestEdge(6), cropHeight: 8, cropWidth: 5)
      let preprocessor = try Preprocessor(steps, grey: grey)
      let cropper = Cropper(preprocessor)
      var kept: [(found: Crop, expected: Crop)] = []
      for (width, height) in [(9, 7), (9, 7), (9, 12), (7, 9), (9, 7), (3, 40), (9, 7)] {
        let picture = noise(width, height)
        kept.append((cropper.crop(picture), preprocessor.crop(picture)))
      }
      // Compared last: a crop that is held must not change when the next one is made.
      for each in kept { XCTAssertEqual(each.found, each.expected) }
    }
  }

  /// As a camera's frames come, one after the other: the memory of a crop that has been dealt with is that of the next.
  func testACropThatNobodyHoldsGivesItsMemoryToTheNext() throws {
    for grey in [false, true] {
      let steps = Preprocessing(resize: .shortestEdge(288), cropHeight: 256, cropWidth: 256)
      let cropper = Cropper(try Preprocessor(steps, grey: grey))
      let frame = noise(400, 300)
      var others: [[UInt8]] = []  // takes what has been given back, which else would come again by chance
      let places = (0..<8).map { _ in
        let place = cropper.crop(frame).pixels.bytes.withUnsafeBytes { $0.baseAddress }
        others.append([UInt8](repeating: 0, count: 256 * 256 * 3))
        return place
      }
      XCTAssertEqual(Set(places).count, 1)
    }
  }

  private func noise(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(width: width, height: height, bytes: (0..<width * height * 3).map { _ in UInt8.random(in: 0...255) })
  }

  func testFiltersThatThisPackageHasNotAreErrors() throws {
    let edge = Preprocessing.Resize.shortestEdge(8)
    let nearest = Preprocessing(resize: edge, interpolation: .nearest, cropHeight: 8, cropWidth: 8)
    XCTAssertThrowsError(try Preprocessor(nearest)) { XCTAssertEqual($0 as? PreprocessingError, .filter("nearest")) }
    let plain = Preprocessing(resize: edge, antialias: false, cropHeight: 8, cropWidth: 8)
    XCTAssertThrowsError(try Preprocessor(plain)) {
      XCTAssertEqual(
        $0.localizedDescription,
        "This app cannot resize pictures as the model asks for: bilinear without antialiasing.")
    }
  }

  func testWithoutResizingTheFilterDoesNotMatter() throws {
    let picture = RGBImage(width: 9, height: 7, bytes: (0..<9 * 7 * 3).map { UInt8($0 * 53 % 256) })
    let whole = Preprocessing(resize: .none, interpolation: .nearest, antialias: false, cropHeight: 7, cropWidth: 9)
    XCTAssertEqual(try Preprocessor(whole).crop(picture).pixels, picture)
  }

  func testInputsThatThisPackageDoesNotMakeAreErrors() throws {
    let image = try manifest(input: ["kind": "image"])
    XCTAssertEqual(try Preprocessor(image).preprocessing, image.preprocessing)
    let one: [String: Any] = [
      "kind": "image", "shape": [1, 16, 16, 1], "color_order": "L", "network_color_order": "L", "scale": [1],
      "offset": [0],
    ]
    let red = RGBImage(width: 2, height: 1, bytes: [255, 0, 0, 255, 0, 0])
    XCTAssertEqual(Set(try Preprocessor(manifest(input: one)).crop(red).pixels.bytes), [76])
    let four = try manifest(input: ["kind": "tensor", "shape": [4, 16, 16, 3]], output: ["shape": [4, 3]])
    XCTAssertThrowsError(try Preprocessor(four)) {
      XCTAssertEqual(
        $0.localizedDescription, "This app cannot feed the model, whose input is a batch of 4 pictures.")
    }
    XCTAssertThrowsError(try Preprocessor(manifest())) {
      XCTAssertEqual($0 as? PreprocessingError, .input("of kind tensor, not image"))
    }
  }
}
