#if canImport(CoreML)
  import CoreML

  extension MLComputeUnits {
    /// All choices, the system's own first.
    public static let choices: [MLComputeUnits] = [.all, .cpuAndNeuralEngine, .cpuAndGPU, .cpuOnly]

    /// As device results and coremltools name them.
    public var name: String {
      switch self {
      case .all: "ALL"
      case .cpuAndNeuralEngine: "CPU_AND_NE"
      case .cpuAndGPU: "CPU_AND_GPU"
      case .cpuOnly: "CPU_ONLY"
      @unknown default: "OTHER"
      }
    }

    /// For people.
    public var words: String {
      switch self {
      case .all: "All, as the system chooses"
      case .cpuAndNeuralEngine: "CPU and Neural Engine"
      case .cpuAndGPU: "CPU and GPU"
      case .cpuOnly: "CPU only"
      @unknown default: "Other"
      }
    }
  }
#endif
