import Foundation

/// The colour of a class, 0..255 each. A type of its own, since Foundation has none, and SwiftUI's says nothing of bytes.
public struct RGBColor: Decodable, Equatable, Sendable {
  /// 0..255.
  public let red: UInt8
  /// 0..255.
  public let green: UInt8
  /// 0..255.
  public let blue: UInt8

  /// Of the background.
  static let black = RGBColor(red: 0, green: 0, blue: 0)

  private init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Of "#RRGGBB", upper-case digits; nil for anything else.
  public init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 7, digits[0] == UInt8(ascii: "#"), text == text.uppercased(),
      digits.dropFirst().allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let value = Int(text.dropFirst(), radix: 16)
    else { return nil }
    red = UInt8(value >> 16)
    green = UInt8(value >> 8 & 255)
    blue = UInt8(value & 255)
  }

  /// Decodes "#RRGGBB".
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let color = RGBColor(hexadecimal: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(text) is no colour, which is #RRGGBB"))
    }
    self = color
  }
}
