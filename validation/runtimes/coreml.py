"""Apple's own Core ML runtime; it exists on Apple's systems only."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
from PIL import Image

from reference.manifest import Manifest

from . import DEFAULT_OPTIONS, NotRun, Options, app_answer


class CoreMLRuntime:
    """An .mlpackage in Core ML."""

    name = "Core ML"

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        if platform.system() != "Darwin":
            raise NotRun("Core ML runs on macOS and iOS only")
        try:
            import coremltools
        except ImportError as error:
            raise NotRun("coremltools is not installed (extra coreml)") from error
        self._model = coremltools.models.MLModel(
            str(artifact), compute_units=coremltools.ComputeUnit[options.compute_units]
        )
        self._manifest = manifest

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        outputs = self._model.predict({self._manifest.input.name: Image.fromarray(pixels)})
        return app_answer(outputs, self._manifest)
