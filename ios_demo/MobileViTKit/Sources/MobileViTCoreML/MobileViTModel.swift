#if canImport(CoreML)
  import CoreML
  import Foundation
  import MobileViTCore

  /// An artifact, loaded: it classifies, segments or extracts features, one picture at a time.
  ///
  /// An actor with a thread of its own: Core ML wants one caller at a time, and keeps it waiting. Work that a cancelled task
  /// has not begun is not begun.
  public actor MobileViTModel: LoadedModel {
    /// What the artifact's converter says of it.
    public nonisolated let manifest: Manifest
    /// The app's half of the preprocessing, to be used on any thread.
    public nonisolated let preprocessor: Preprocessor
    /// Core ML.
    public nonisolated var framework: Framework { .coreML }
    /// What Core ML may run it on.
    public nonisolated let computeUnits: MLComputeUnits
    /// How long Core ML took to load it, compiled.
    public nonisolated let loadMilliseconds: Double

    private let queue = DispatchSerialQueue(label: "MobileViTModel", qos: .userInitiated)
    private let model: MLModel
    private let buffers: PixelBuffers

    /// Loads an artifact; a package is compiled the first time, which takes longer.
    ///
    /// Throws `ModelError` where Core ML refuses it, `PreprocessingError` for an input that this package does not make,
    /// `FormatError` for a package that is not the one its manifest describes.
    public static func load(
      _ artifact: Artifact, computeUnits: MLComputeUnits = .all
    ) async throws -> MobileViTModel {
      let preprocessor = try Preprocessor(artifact.manifest)
      let compiled = try await place(of: artifact)
      try Task.checkCancellation()
      let configuration = MLModelConfiguration()
      configuration.computeUnits = computeUnits
      let start = ContinuousClock.now
      let signpost = Signpost("load")
      defer { signpost.end() }
      let model: MLModel
      do {
        model = try await MLModel.load(contentsOf: compiled, configuration: configuration)
      } catch {
        throw ModelError.load(artifact.id, error)
      }
      return try MobileViTModel(
        model, artifact.manifest, preprocessor, computeUnits,
        loadMilliseconds: (ContinuousClock.now - start) / .milliseconds(1))
    }

    /// Removes what Core ML once made of packages that are not among these.
    public static func removeCompiled(except artifacts: [Artifact]) throws {
      try compiledModels().keepOnly(artifacts)
    }

    private static func compiledModels() throws -> CompiledModels {
      let caches = try FileManager.default.url(
        for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
      return CompiledModels(folder: caches.appendingPathComponent("MobileViTKit/checked"))
    }

    /// What Core ML makes of the package, kept among the app's caches.
    private static func place(of artifact: Artifact) async throws -> URL {
      do {
        return try await compiledModels().place(of: artifact) { try await MLModel.compileModel(at: $0) }
      } catch let error as FormatError {
        throw error
      } catch {
        throw ModelError.compile(artifact.id, error)
      }
    }

    private init(
      _ model: sending MLModel, _ manifest: Manifest, _ preprocessor: Preprocessor, _ computeUnits: MLComputeUnits,
      loadMilliseconds: Double
    ) throws {
      self.model = model
      self.manifest = manifest
      self.preprocessor = preprocessor
      self.computeUnits = computeUnits
      self.loadMilliseconds = loadMilliseconds
      buffers = try PixelBuffers(manifest.input, manifest.preprocessing)
    }

    /// The thread of its own.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// The values of the answer in the order of its shape, and the time from pixels to them.
    public func answer(to pixels: RGBImage) throws -> Answer {
      try Task.checkCancellation()
      let signpost = Signpost("prediction")
      defer { signpost.end() }
      let (values, milliseconds) = try timed {
        let input = try MLDictionaryFeatureProvider(dictionary: [
          manifest.input.name: MLFeatureValue(pixelBuffer: buffers.filled(with: pixels))
        ])
        let output: any MLFeatureProvider
        do {
          output = try model.prediction(from: input)
        } catch {
          throw ModelError.prediction(error)
        }
        return try read(output)
      }
      return Answer(values: values, milliseconds: milliseconds)
    }

    private func read(_ output: any MLFeatureProvider) throws -> [Float] {
      let spec = manifest.answer
      let value = output.featureValue(for: spec.name)
      switch spec.kind {
      case .dictionary:
        guard let value else { break }
        let probabilities = value.dictionaryValue
        let found = manifest.labels.compactMap { probabilities[$0]?.floatValue }
        guard found.count == manifest.labels.count else { throw ModelError.labels(manifest.artifact.file) }
        return found
      case .tensor:
        guard let array = value?.multiArrayValue else { break }
        return MLShapedArray<Float>(converting: array).scalars
      case .string:
        break
      }
      throw ModelError.output(spec.name)
    }
  }

  /// What a piece of work gave, and its milliseconds.
  func timed<Result>(_ work: () throws -> Result) rethrows -> (Result, Double) {
    let start = ContinuousClock.now
    let result = try work()
    let seconds = (ContinuousClock.now - start).components
    return (result, Double(seconds.seconds) * 1e3 + Double(seconds.attoseconds) / 1e15)
  }
#endif
