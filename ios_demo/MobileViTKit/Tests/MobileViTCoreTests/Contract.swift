import Foundation
import MobileViTCore
import XCTest

/// Numbers from the Python side, which `python -m tests.contract` writes, are the oracle of these tests.
enum Contract {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../../tests/fixtures/contract").standardizedFileURL

  static func data(_ file: String) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent(file))
  }

  static func cases<Case: Decodable>(_ file: String, of type: Case.Type) throws -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let cases = try decoder.decode([Case].self, from: data(file))
    XCTAssertFalse(cases.isEmpty, "\(file) holds nothing")
    return cases
  }

  static func object(_ file: String) throws -> NSDictionary {
    try XCTUnwrap(JSONSerialization.jsonObject(with: data(file)) as? NSDictionary)
  }

  static func objects(_ file: String, _ key: String) throws -> [[String: Any]] {
    try XCTUnwrap(object(file)[key] as? [[String: Any]])
  }
}

/// float32, little-endian, in Base64.
func floats(_ data: Data) -> [Float] {
  stride(from: 0, to: data.count, by: 4).map { place in
    Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[place + $1]) << (8 * UInt32($1)) })
  }
}

func slices<Value>(_ values: [Value], _ count: Int) -> [[Value]] {
  let length = values.count / count
  return (0..<count).map { Array(values[$0 * length..<($0 + 1) * length]) }
}

/// Where a picture goes, as the fixtures say it.
struct PlacedCase: Decodable {
  let width, height, resizeShortestEdge, cropWidth, cropHeight: Int
  let resizedWidth, resizedHeight, left, top: Int
  let interpolation: Preprocessing.Interpolation?

  var preprocessing: Preprocessing {
    Preprocessing(
      shortestEdge: resizeShortestEdge, interpolation: interpolation ?? .bilinear, cropHeight: cropHeight,
      cropWidth: cropWidth)
  }

  var placement: Placement { Placement(width: width, height: height, preprocessing) }
}
