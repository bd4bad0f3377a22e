import MobileViTCore
import XCTest

final class ClassMapTests: XCTestCase {
  private struct ClassMapCase: Decodable {
    let classMap: Data
    let onSource: [Int16]
  }

  func testTheyLieOnThePictureAsTheReferenceSays() throws {
    let places = try Contract.placedCases("class_maps.json")
    for (placed, each) in zip(places, try Contract.cases("class_maps.json", of: ClassMapCase.self)) {
      let steps = placed.preprocessing
      let map = ClassMap(width: steps.cropWidth, height: steps.cropHeight, classes: [UInt8](each.classMap))
      XCTAssertEqual(map.onSource(placed.found), each.onSource, "\(placed)")

      // What is drawn into the bounds covers the same pixels.
      let bounds = placed.found.bounds
      for (pixel, label) in each.onSource.enumerated() {
        let x = (Double(pixel % placed.width) + 0.5) / Double(placed.width)
        let y = (Double(pixel / placed.width) + 0.5) / Double(placed.height)
        let isInside =
          bounds.left <= x && x < bounds.left + bounds.width && bounds.top <= y && y < bounds.top + bounds.height
        XCTAssertEqual(label != ClassMap.outside, isInside, "\(placed): \(x) \(y)")
      }

      let palette = try palette()
      let overlay = map.overlay(palette, opacity: 0.5)
      XCTAssertEqual(overlay.count, map.classes.count * 4)
      for (pixel, label) in map.classes.enumerated() {
        let color = palette[Int(label)]
        let channels = [color.red, color.green, color.blue, 255].map { Double($0) / 2 }
        let expected = label > 0 ? channels : [0, 0, 0, 0]
        for (channel, value) in expected.enumerated() {
          XCTAssertEqual(Double(overlay[pixel * 4 + channel]), value, accuracy: 0.5)
        }
      }
    }
  }

  private struct LogitsCase: Decodable {
    let maps, mapWidth, mapHeight, width, height: Int
    let logits, classes: Data
  }

  func testLogitsBecomeTheReferencesClasses() throws {
    for each in try Contract.cases("logits.json", of: LogitsCase.self) {
      let found = ClassMap(
        logits: floats(each.logits), maps: each.maps, mapWidth: each.mapWidth, mapHeight: each.mapHeight,
        width: each.width, height: each.height)
      XCTAssertEqual(found.classes, [UInt8](each.classes))
    }
  }

  func testColoursOfThePaletteAreRead() throws {
    XCTAssertEqual(try palette().count, 256)
    XCTAssertEqual(try palette()[19], RGBColor(hexadecimal: "#80C000"))
    for wrong in ["#80C00", "#80C0000", "80C0000", "#80c000", "#80C00G", "#+0C000", ""] {
      XCTAssertNil(RGBColor(hexadecimal: wrong), wrong)
    }
  }

  func testSharesLeaveTheBackgroundOut() {
    let shares = ClassMap(width: 4, height: 1, classes: [0, 2, 2, 1]).shares
    XCTAssertEqual(shares.map(\.label), [2, 1])
    XCTAssertEqual(shares.map(\.share), [0.5, 0.25])
  }

  private func palette() throws -> [RGBColor] {
    try JSONDecoder().decode([RGBColor].self, from: Contract.data("palette.json"))
  }
}
