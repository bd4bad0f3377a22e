import Foundation

/// Compiled packages in a folder, by the sha256 of what was compiled: only packages whose bytes are those that their
/// manifest describes come here.
public struct CompiledModels: Sendable {
  /// Where they are kept; made when it is needed.
  public let folder: URL

  /// Those kept in `folder`.
  public init(folder: URL) {
    self.folder = folder
  }

  /// The compiled model of an artifact. The first time `compile` makes it of the package, once the package's sha256 is
  /// found to be the manifest's; throws `FormatError` where it is another. What Xcode has compiled is taken as it is.
  public func place(of artifact: Artifact, compile: (URL) async throws -> URL) async throws -> URL {
    if artifact.model.pathExtension == "mlmodelc" { return artifact.model }
    let kept = folder.appendingPathComponent(name(of: artifact))
    let files = FileManager.default
    if files.fileExists(atPath: kept.path) { return kept }
    try artifact.checkBytes()
    let compiled = try await compile(artifact.model)
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
      try files.moveItem(at: compiled, to: kept)
    } catch {
      // Another task may have been faster.
      guard files.fileExists(atPath: kept.path) else { throw error }
      try? files.removeItem(at: compiled)
    }
    return kept
  }

  /// Removes what was compiled of other packages, which an older version of an app may have had, or by an older system.
  public func keepOnly(_ artifacts: [Artifact]) throws {
    let files = FileManager.default
    guard files.fileExists(atPath: folder.path) else { return }
    let names = Set(artifacts.map(name))
    for each in try files.contentsOfDirectory(atPath: folder.path) where !names.contains(each) {
      try files.removeItem(at: folder.appendingPathComponent(each))
    }
  }

  /// A new system compiles anew: its own compiler knows its own form best.
  private func name(of artifact: Artifact) -> String {
    let system = ProcessInfo.processInfo.operatingSystemVersionString.replacingOccurrences(of: "/", with: "-")
    return "\(artifact.manifest.artifact.sha256) \(system).mlmodelc"
  }
}
