#if canImport(CoreAI)
  import CoreAI
  import Foundation
  import MobileViTCore

  /// An artifact, loaded by Core AI. Its framework lets all tasks run it; here they do so one after the other.
  @available(iOS 27, macOS 27, *)
  public actor CoreAIModel: LoadedModel {
    /// What the artifact's converter says of it.
    public nonisolated let manifest: Manifest
    /// The app's half of the preprocessing, to be used on any thread.
    public nonisolated let preprocessor: Preprocessor
    /// How long Core AI took to load it; the first time it makes the artifact fit the device too, and keeps that itself.
    public nonisolated let loadMilliseconds: Double
    /// Core AI.
    public nonisolated var framework: Framework { .coreAI }

    private let function: InferenceFunction

    /// Loads an artifact. `options` say what Core AI prefers to run it on, which restricts nothing.
    ///
    /// Throws `CoreAIError` where Core AI refuses it, `PreprocessingError` for an input that this package does not make,
    /// `FormatError` for a package that is not the one its manifest describes.
    public static func load(
      _ artifact: Artifact, options: SpecializationOptions = .default
    ) async throws -> CoreAIModel {
      let preprocessor = try Preprocessor(artifact.manifest, as: .tensor)
      let input = artifact.manifest.input
      guard input.dtype == .uint8, input.quantization == nil else {
        throw PreprocessingError.input("of \(input.dtype), not uint8")
      }
      try artifact.checkBytes()
      try Task.checkCancellation()
      let start = ContinuousClock.now
      let signpost = Signpost("load")
      defer { signpost.end() }
      do {
        let model = try await AIModel(contentsOf: artifact.model, options: options)
        guard let function = try model.loadFunction(named: "main") else { throw CoreAIError.output("main") }
        return CoreAIModel(
          function, artifact.manifest, preprocessor,
          loadMilliseconds: (ContinuousClock.now - start) / .milliseconds(1))
      } catch let error as CoreAIError {
        throw error
      } catch {
        throw CoreAIError.load(artifact.id, error)
      }
    }

    private init(
      _ function: InferenceFunction, _ manifest: Manifest, _ preprocessor: Preprocessor, loadMilliseconds: Double
    ) {
      self.function = function
      self.manifest = manifest
      self.preprocessor = preprocessor
      self.loadMilliseconds = loadMilliseconds
    }

    /// The values of the answer in the order of its shape, and the time from pixels to them.
    public func answer(to pixels: RGBImage) async throws -> Answer {
      try Task.checkCancellation()
      let signpost = Signpost("prediction")
      defer { signpost.end() }
      let start = ContinuousClock.now
      let values = try await Self.run(function, on: pixels, manifest)
      return Answer(values: values, milliseconds: (ContinuousClock.now - start) / .milliseconds(1))
    }

    /// Not the actor's, as what Core AI gives is not made to be handed from one to another.
    private static func run(
      _ function: InferenceFunction, on pixels: RGBImage, _ manifest: Manifest
    ) async throws -> [Float] {
      var input = NDArray(shape: manifest.input.shape, scalarType: .uint8)
      fill(&input, with: pixels.tensor(manifest.input))
      let spec = manifest.answer
      do {
        var outputs = try await function.run(inputs: [manifest.input.name: input])
        guard let found = outputs.remove(spec.name)?.ndArray else { throw CoreAIError.output(spec.name) }
        switch (spec.dtype, found.scalarType) {
        case (.float32, .float32): return scalars(of: found, spec.shape, as: Float.self)
        case (.int32, .int32): return scalars(of: found, spec.shape, as: Int32.self).map(Float.init)
        default: throw CoreAIError.output(spec.name)
        }
      } catch let error as CoreAIError {
        throw error
      } catch {
        throw CoreAIError.prediction(error)
      }
    }

    private static func fill(_ array: inout NDArray, with bytes: [UInt8]) {
      var view = array.mutableView(as: UInt8.self)
      view.copyElements(fromContentsOf: bytes)
    }

    /// In the order of the shape, whatever gaps Core AI leaves in memory.
    private static func scalars<Scalar: BitwiseCopyable>(
      of array: NDArray, _ shape: [Int], as type: Scalar.Type
    ) -> [Scalar] {
      array.view(as: type).withUnsafePointer { pointer, _, strides in
        var places = [0]
        for (axis, size) in shape.enumerated() {
          let step = strides[axis]
          places = places.flatMap { place in (0..<size).map { place + $0 * step } }
        }
        return places.map { pointer[$0] }
      }
    }
  }

  /// Why Core AI gave no answer.
  public enum CoreAIError: LocalizedError {
    /// It could not load the package.
    case load(String, any Error)
    /// It could not run the model.
    case prediction(any Error)
    /// The manifest's output, or the function, is not there, or of another kind.
    case output(String)

    /// One sentence for people, with the system's own words.
    public var errorDescription: String? {
      switch self {
      case .load(let file, let error): "The model \(file) cannot be loaded: \(error.localizedDescription)"
      case .prediction(let error): "The model cannot be run: \(error.localizedDescription)"
      case .output(let name): "The model has no \(name) of the kind that its manifest names."
      }
    }
  }
#endif
