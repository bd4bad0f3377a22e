#if canImport(CoreML)
  import CoreGraphics
  import CoreVideo
  import MobileViTCore

  /// Something that a model can be shown: a camera's frame, a drawn image, or bytes.
  public protocol Picture {
    /// The model's half-made input.
    func crop(by preprocessor: Preprocessor) throws -> Crop
  }

  extension CVBuffer: Picture {
    /// See `Preprocessor.crop`.
    public func crop(by preprocessor: Preprocessor) throws -> Crop { try preprocessor.crop(self) }
  }

  extension CGImage: Picture {
    /// See `Preprocessor.crop`.
    public func crop(by preprocessor: Preprocessor) throws -> Crop { try preprocessor.crop(self) }
  }

  extension RGBImage: Picture {
    /// See `Preprocessor.crop`.
    public func crop(by preprocessor: Preprocessor) throws -> Crop { preprocessor.crop(self) }
  }

  /// From a whole picture to the answer. A camera's queue, which keeps its buffers to itself, makes the crop there with
  /// `preprocessor` and hands over that.
  extension LoadedModel {
    /// The `count` most probable classes, most probable first.
    public func classify(_ picture: sending some Picture, count: Int = 5) async throws -> [Prediction] {
      try await classify(picture.crop(by: preprocessor), count: count)
    }

    /// The class of each pixel of the crop, and where the crop lies in the picture.
    public func segment(_ picture: sending some Picture) async throws -> (map: ClassMap, placement: Placement) {
      let crop = try picture.crop(by: preprocessor)
      return (try await segment(crop), crop.placement)
    }

    /// The feature vector.
    public func features(_ picture: sending some Picture) async throws -> [Float] {
      try await features(picture.crop(by: preprocessor))
    }
  }
#endif
