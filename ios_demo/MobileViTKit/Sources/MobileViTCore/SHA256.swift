import Foundation

#if canImport(CryptoKit)
  import CryptoKit

  func sha256(_ data: Data) -> [UInt8] {
    Array(SHA256.hash(data: data))
  }
#else
  /// FIPS 180-4, for Linux alone, where this package is tested and has no CryptoKit.
  func sha256(_ data: Data) -> [UInt8] {
    var message = [UInt8](data) + [0x80]
    message += [UInt8](repeating: 0, count: (120 - message.count % 64) % 64)
    message += withUnsafeBytes(of: (UInt64(data.count) * 8).bigEndian, Array.init)
    var hash = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
    for block in stride(from: 0, to: message.count, by: 64) {
      let words = schedule(message[block..<block + 64])
      var (a, b, c, d, e, f, g, h) = (hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7])
      for round in 0..<64 {
        let choice = (e & f) ^ (~e & g)
        let majority = (a & b) ^ (a & c) ^ (b & c)
        let first = h &+ turned(e, 6, 11, 25) &+ choice &+ constants[round] &+ words[round]
        let second = turned(a, 2, 13, 22) &+ majority
        (a, b, c, d, e, f, g, h) = (first &+ second, a, b, c, d &+ first, e, f, g)
      }
      hash = zip(hash, [a, b, c, d, e, f, g, h]).map { $0 &+ $1 }
    }
    return hash.flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) }
  }

  /// 64 words from a block of 16.
  private func schedule(_ block: ArraySlice<UInt8>) -> [UInt32] {
    var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { start in
      block[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<64 {
      let (far, near) = (words[index - 15], words[index - 2])
      let sums = (rotated(far, 7) ^ rotated(far, 18) ^ far >> 3, rotated(near, 17) ^ rotated(near, 19) ^ near >> 10)
      words.append(words[index - 16] &+ sums.0 &+ words[index - 7] &+ sums.1)
    }
    return words
  }

  private func turned(_ word: UInt32, _ one: UInt32, _ two: UInt32, _ three: UInt32) -> UInt32 {
    rotated(word, one) ^ rotated(word, two) ^ rotated(word, three)
  }

  private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }

  private let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }
  private let constants = primes.map { fraction(cbrt(Double($0))) }

  /// The first 32 binary digits after the point.
  private func fraction(_ root: Double) -> UInt32 {
    UInt32((root - root.rounded(.down)) * 4_294_967_296)
  }
#endif
