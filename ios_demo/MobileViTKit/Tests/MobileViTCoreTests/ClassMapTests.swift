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

      let palette = try palette()
      let overlay = map.overlay(palette, opacity: 0.5, on: placed.found)
      for (pixel, label) in each.onSource.enumerated() {
        let color = palette[max(Int(label), 0)]
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
