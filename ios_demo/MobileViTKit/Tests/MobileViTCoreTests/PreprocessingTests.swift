import MobileViTCore
import XCTest

final class PreprocessingTests: XCTestCase {
  func testPlacementIsTheReferences() throws {
    for each in try Contract.cases("geometry.json", of: PlacedCase.self) {
      let found = each.placement
      XCTAssertEqual(
        [found.resizedWidth, found.resizedHeight, found.left, found.top],
        [each.resizedWidth, each.resizedHeight, each.left, each.top], "\(each)")
    }
  }

  private struct PixelCase: Decodable {
    let rgb, expected: Data
  }

  func testPixelsAreTheReferencesBitForBit() throws {
    try assertPixels("pixels.json")
  }

  func testAllFiltersOfPillowsAreItsOwnBitForBit() throws {
    try assertPixels("filters.json")
  }

  private func assertPixels(_ file: String) throws {
    let places = try Contract.cases(file, of: PlacedCase.self)
    for (placed, pixels) in zip(places, try Contract.cases(file, of: PixelCase.self)) {
      let picture = RGBImage(width: placed.width, height: placed.height, bytes: [UInt8](pixels.rgb))
      let crop = try Preprocessor(placed.preprocessing).crop(picture)
      XCTAssertEqual(crop.pixels.bytes, [UInt8](pixels.expected), "\(placed)")
      XCTAssertEqual(crop.placement, placed.placement)
    }
  }

  func testRowsWithGapsAndOtherChannelOrdersAreRead() throws {
    let preprocessing = Preprocessing(shortestEdge: 6, cropHeight: 5, cropWidth: 5)
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

  func testFiltersThatThisPackageHasNotAreErrors() throws {
    let nearest = Preprocessing(shortestEdge: 8, interpolation: .nearest, cropHeight: 8, cropWidth: 8)
    XCTAssertThrowsError(try Preprocessor(nearest)) { XCTAssertEqual($0 as? PreprocessingError, .filter("nearest")) }
    let plain = Preprocessing(shortestEdge: 8, antialias: false, cropHeight: 8, cropWidth: 8)
    XCTAssertThrowsError(try Preprocessor(plain)) {
      XCTAssertEqual(
        $0.localizedDescription,
        "This app cannot resize pictures as the model asks for: bilinear without antialiasing.")
    }
  }
}
