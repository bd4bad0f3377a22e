import Foundation

/// The sha256 of a package, in hexadecimal digits: that of a line for each file in it, sorted by path, with the file's
/// sha256, two spaces, its path in the package with forward slashes, and a newline. What macOS leaves in folders by
/// itself does not count: .DS_Store, and ._NAME for each NAME on foreign disks. Throws `FormatError` for a package that
/// holds a link, or anything else that is neither file nor folder.
func packageDigest(_ folder: URL) throws -> String {
  let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
    let place = folder.appendingPathComponent($0)
    let kind = try FileManager.default.attributesOfItem(atPath: place.path)[.type] as? FileAttributeType
    let name = place.lastPathComponent
    if kind == .typeDirectory || name == ".DS_Store" || name.hasPrefix("._") { return false }
    guard kind == .typeRegular else {
      let what = kind == .typeSymbolicLink ? "a link" : "neither file nor folder"
      throw FormatError(
        file: folder.lastPathComponent, place: "", problem: "this is no artifact: \($0) in it is \(what)")
    }
    return true
  }
  // By their bytes: String compares letters as if they were composed.
  let sorted = files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  let lines = try sorted.map { file in
    let content = try Data(contentsOf: folder.appendingPathComponent(file), options: .mappedIfSafe)
    return "\(hexadecimal(sha256(content)))  \(file)\n"
  }
  return hexadecimal(sha256(Data(lines.joined().utf8)))
}

func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef")
  return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
