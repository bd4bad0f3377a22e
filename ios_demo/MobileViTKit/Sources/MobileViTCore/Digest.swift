import Foundation

/// The sha256 of a package, in hexadecimal digits: that of a line for each file in it, sorted by path, with the file's
/// sha256, two spaces, its path in the package with forward slashes, and a newline.
func packageDigest(_ folder: URL) throws -> String {
  let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
    var isFolder: ObjCBool = false
    let path = folder.appendingPathComponent($0).path
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }
  // By their bytes: String compares letters as if they were composed.
  let sorted = files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  let lines = try sorted.map { file in
    let content = try Data(contentsOf: folder.appendingPathComponent(file), options: .mappedIfSafe)
    return "\(hexadecimal(sha256(content)))  \(file)\n"
  }
  return hexadecimal(sha256(Data(lines.joined().utf8)))
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef")
  return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
