#if canImport(CoreML)
  import Foundation

  /// Why Core ML gave no answer.
  public enum ModelError: LocalizedError {
    /// It could not compile the package.
    case compile(String, any Error)
    /// It could not load what was compiled.
    case load(String, any Error)
    /// It could not run the model.
    case prediction(any Error)
    /// The system gave no memory for the input.
    case memory
    /// The manifest's output is not there, or of another kind.
    case output(String)
    /// The labels in the model are not the manifest's.
    case labels(String)

    /// One sentence for people, with the system's own words.
    public var errorDescription: String? {
      switch self {
      case .compile(let file, let error): "The model \(file) cannot be compiled: \(error.localizedDescription)"
      case .load(let file, let error): "The model \(file) cannot be loaded: \(error.localizedDescription)"
      case .prediction(let error): "The model cannot be run: \(error.localizedDescription)"
      case .memory: "There is no memory left for the model's input."
      case .output(let name): "The model gives no output \(name) of the kind that its manifest names."
      case .labels(let file): "The labels in \(file) are not those of its manifest."
      }
    }
  }
#endif
