"""Apple's own Core ML runtime; it exists on Apple's systems only."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
from PIL import Image

from reference.manifest import Manifest

from .runtime import DEFAULT_OPTIONS, NotRun, Options, app_answer


class CoreMLRuntime:
    """An .mlpackage in Core ML."""

    name = "Core ML"

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        if platform.system() != "Darwin":
            raise NotRun("Core ML runs on macOS and iOS only")
        try:
            import coremltools  # noqa: F401
        except ImportError as error:
            raise NotRun("coremltools is not installed (extra coreml)") from error

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        self.check_here()
        import coremltools

        self._model = coremltools.models.MLModel(
            str(artifact), compute_units=coremltools.ComputeUnit[options.compute_units]
        )
        self._manifest = manifest

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        outputs = self._model.predict({self._manifest.input.name: image})
        return app_answer(outputs, self._manifest)
