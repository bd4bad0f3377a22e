import Foundation

/// A file that does not say what it should: an unknown key, a missing one, a wrong type or a count that is off.
public struct FormatError: LocalizedError, Equatable {
  /// The file's name, or what it is.
  public let file: String
  /// Where in the file, for example "input.shape"; empty for the whole of it.
  public let place: String
  /// What is wrong there.
  public let problem: String

  /// One sentence for people.
  public var errorDescription: String? {
    place.isEmpty ? "\(file): \(problem)." : "\(file): \(place): \(problem)."
  }
}

/// Keys that are all known; whatever else stands in an object is an error.
typealias StrictKey = CaseIterable & CodingKey & Hashable

extension Decoder {
  /// The object's fields, once every key in it is one of `Key`.
  func strict<Key: StrictKey>(_ type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let known = Set(Key.allCases.map(\.stringValue))
    let unknown = try container(keyedBy: AnyKey.self).allKeys.first { !known.contains($0.stringValue) }
    if let unknown {
      throw DecodingError.dataCorrupted(
        .init(codingPath: codingPath + [unknown], debugDescription: "this key is unknown"))
    }
    return try container(keyedBy: type)
  }
}

extension KeyedDecodingContainer {
  /// A field of the type that is asked for. An optional one may be null, and yet has to be there.
  func read<Value: Decodable>(_ key: Key) throws -> Value {
    try decode(Value.self, forKey: key)
  }

  /// A whole number above zero.
  func positive(_ key: Key) throws -> Int {
    let value = try decode(Int.self, forKey: key)
    try require(value > 0, key, "\(value) is not above zero")
    return value
  }

  /// The same, or null.
  func positiveOrNull(_ key: Key) throws -> Int? {
    try decodeNil(forKey: key) ? nil : positive(key)
  }

  /// Numbers above zero, one at least.
  func shape(_ key: Key) throws -> [Int] {
    let values = try decode([Int].self, forKey: key)
    try require(!values.isEmpty && values.allSatisfy { $0 > 0 }, key, "\(values) is no shape")
    return values
  }

  /// 64 hexadecimal digits.
  func sha256(_ key: Key) throws -> String {
    let value = try decode(String.self, forKey: key)
    let digits = Set("0123456789abcdef")
    try require(value.count == 64 && value.allSatisfy(digits.contains), key, "this is no sha256")
    return value
  }

  /// Fails at `key` unless `holds`.
  func require(_ holds: Bool, _ key: Key, _ problem: String) throws {
    if !holds { throw error(key, problem) }
  }

  /// A problem at `key`.
  func error(_ key: Key, _ problem: String) -> DecodingError {
    .dataCorruptedError(forKey: key, in: self, debugDescription: problem)
  }
}

/// Decodes one of the kit's files, strictly.
func decodeStrictly<Value: Decodable>(_ type: Value.Type, from data: Data, file: String) throws -> Value {
  do {
    return try JSONDecoder().decode(type, from: data)
  } catch let error as DecodingError {
    throw FormatError(file: file, error)
  }
}

extension FormatError {
  fileprivate init(file: String, _ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(file: file, place: Self.words(context.codingPath + [key]), problem: "this key is missing")
    case .typeMismatch(let type, let context):
      self.init(file: file, place: Self.words(context.codingPath), problem: "this is no \(type)")
    case .valueNotFound(_, let context):
      self.init(file: file, place: Self.words(context.codingPath), problem: "this must not be null")
    case .dataCorrupted(let context):
      self.init(file: file, place: Self.words(context.codingPath), problem: context.debugDescription)
    @unknown default:
      self.init(file: file, place: "", problem: error.localizedDescription)
    }
  }

  private static func words(_ path: [any CodingKey]) -> String {
    path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}

private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
