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

  static func cases<Case: Decodable>(
    _ file: String, of type: Case.Type, keys: JSONDecoder.KeyDecodingStrategy = .convertFromSnakeCase
  ) throws -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = keys
    let cases = try decoder.decode([Case].self, from: data(file))
    XCTAssertFalse(cases.isEmpty, "\(file) holds nothing")
    return cases
  }

  static func placedCases(_ file: String) throws -> [PlacedCase] {
    try cases(file, of: PlacedCase.self, keys: .useDefaultKeys)
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
  struct Expected: Decodable {
    let width, height, left, top: Int
  }

  let width, height: Int
  let preprocessing: Preprocessing
  let placement: Expected

  var found: Placement { Placement(width: width, height: height, preprocessing) }
}

func manifest(_ content: [String: Any]) throws -> Manifest {
  try Manifest(json: JSONSerialization.data(withJSONObject: content), file: "m.manifest.json")
}

/// A valid manifest with other members of its input or of its first output.
func manifest(input: [String: Any] = [:], output: [String: Any] = [:]) throws -> Manifest {
  var content = try Contract.objects("manifests.json", "valid")[0]
  let (feed, outputs) = (content["input"] as? [String: Any], content["outputs"] as? [[String: Any]])
  content["input"] = try XCTUnwrap(feed).merging(input) { $1 }
  content["outputs"] = [try XCTUnwrap(outputs?.first).merging(output) { $1 }]
  return try manifest(content)
}
