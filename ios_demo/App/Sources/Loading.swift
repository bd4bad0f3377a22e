import CoreML
import Foundation
import MobileViTCore
import MobileViTCoreAI
import MobileViTCoreML

#if canImport(CoreAI)
  import CoreAI
#endif

/// An artifact that this device's system has no framework for.
struct FrameworkMissing: LocalizedError {
  let framework: Framework

  var errorDescription: String? {
    "This model runs in \(framework.rawValue), which this device or its system does not have: it needs iOS 27."
  }
}

/// Loads an artifact in the framework that it was made for. Core AI takes the compute units as a preference.
func loadModel(_ artifact: Artifact, computeUnits: MLComputeUnits = .all) async throws -> any LoadedModel {
  switch artifact.framework {
  case .coreML:
    return try await MobileViTModel.load(artifact, computeUnits: computeUnits)
  case .coreAI:
    #if canImport(CoreAI)
      if #available(iOS 27, macOS 27, *) {
        return try await CoreAIModel.load(artifact, options: computeUnits.preference)
      }
    #endif
    throw FrameworkMissing(framework: .coreAI)
  }
}

#if canImport(CoreAI)
  @available(iOS 27, macOS 27, *)
  extension MLComputeUnits {
    fileprivate var preference: SpecializationOptions {
      switch self {
      case .cpuOnly: .cpuOnly
      case .cpuAndGPU: SpecializationOptions(preferredComputeUnitKind: .gpu)
      case .cpuAndNeuralEngine: SpecializationOptions(preferredComputeUnitKind: .neuralEngine)
      default: .default
      }
    }
  }
#endif
