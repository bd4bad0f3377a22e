#if canImport(CoreML)
  import CoreML
  import Foundation
  import MobileViTCore

  /// Packages that this device has compiled, kept by their sha256 among the app's caches.
  enum CompiledModels {
    /// The compiled model of an artifact; compiles it the first time.
    static func place(of artifact: Artifact) async throws -> URL {
      if artifact.model.pathExtension == "mlmodelc" { return artifact.model }
      do {
        let files = FileManager.default
        let caches = try files.url(for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        let folder = caches.appendingPathComponent("MobileViTKit", isDirectory: true)
        // A new system compiles anew: its own compiler knows its own form best.
        let system = ProcessInfo.processInfo.operatingSystemVersionString
        let name = "\(artifact.manifest.artifact.sha256) \(system).mlmodelc"
        let kept = folder.appendingPathComponent(name.replacingOccurrences(of: "/", with: "-"))
        if files.fileExists(atPath: kept.path) { return kept }
        let compiled = try await MLModel.compileModel(at: artifact.model)
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
          try files.moveItem(at: compiled, to: kept)
        } catch {
          // Another task may have been faster.
          guard files.fileExists(atPath: kept.path) else { throw error }
          try? files.removeItem(at: compiled)
        }
        return kept
      } catch {
        throw ModelError.compile(artifact.id, error)
      }
    }
  }
#endif
