import Foundation

/// A package for Core ML or Core AI in a folder or bundle, with its manifest and its golden set, if any.
public struct Artifact: Equatable, Sendable, Identifiable {
  /// The package, or what Xcode has compiled of it.
  public let model: URL
  /// What its converter says of it.
  public let manifest: Manifest
  /// Where its golden set is; nil where it has none.
  public let golden: URL?

  /// The artifact's file name.
  public var id: String { manifest.artifact.file }

  /// The artifact called `file`, for example "mobilevit_xxs_demo_float16.mlpackage", in `folder`. Xcode turns packages
  /// that an app lists among its sources into .mlmodelc folders; both are found.
  public init(_ file: String, in folder: URL) throws {
    let place = folder.appendingPathComponent(file + Manifest.suffix)
    guard let json = try? Data(contentsOf: place) else {
      throw FormatError(file: place.lastPathComponent, place: "", problem: "this file is missing")
    }
    manifest = try Manifest(json: json, file: place.lastPathComponent)
    guard manifest.artifact.file == file, [.mlpackage, .aimodel].contains(manifest.artifact.format) else {
      throw FormatError(file: place.lastPathComponent, place: "artifact", problem: "it is not about \(file)")
    }
    let package = folder.appendingPathComponent(file)
    let compiled = package.deletingPathExtension().appendingPathExtension("mlmodelc")
    let candidates = manifest.artifact.format == .mlpackage ? [package, compiled] : [package]
    guard let model = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw FormatError(file: file, place: "", problem: "this package is missing")
    }
    self.model = model
    let golden = folder.appendingPathComponent(file + GoldenSet.suffix)
    self.golden = FileManager.default.fileExists(atPath: golden.path) ? golden : nil
  }

  /// The same in a bundle's resources.
  public init(_ file: String, in bundle: Bundle) throws {
    guard let folder = bundle.resourceURL else {
      throw FormatError(file: file, place: "", problem: "the bundle has no resources")
    }
    try self.init(file, in: folder)
  }

  /// All artifacts for Core ML and Core AI in `folder`, by name, and what is wrong with those that cannot be used.
  public static func all(in folder: URL) -> (artifacts: [Artifact], problems: [any Error]) {
    let suffixes = [".mlpackage", ".aimodel"].map { $0 + Manifest.suffix }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var (artifacts, problems): ([Artifact], [any Error]) = ([], [])
    for file in files.sorted() where suffixes.contains(where: file.hasSuffix) {
      do {
        artifacts.append(try Artifact(String(file.dropLast(Manifest.suffix.count)), in: folder))
      } catch {
        problems.append(error)
      }
    }
    return (artifacts, problems)
  }

  /// What runs it.
  public var framework: Framework { manifest.artifact.format == .aimodel ? .coreAI : .coreML }

  /// Throws `FormatError` unless the package's bytes are those that its manifest describes.
  public func checkBytes() throws {
    guard try packageDigest(model) == manifest.artifact.sha256 else {
      throw FormatError(
        file: id, place: "",
        problem: "this is not the package that its manifest describes (sha256 differs): convert it again")
    }
  }

  /// Its golden set; nil where it has none.
  public func goldenSet() throws -> GoldenSet? {
    guard let golden else { return nil }
    let set = try GoldenSet(json: Data(contentsOf: golden), file: golden.lastPathComponent)
    guard set.sha256 == manifest.artifact.sha256 else {
      throw FormatError(file: golden.lastPathComponent, place: "sha256", problem: "it belongs to other bytes")
    }
    return set
  }
}
