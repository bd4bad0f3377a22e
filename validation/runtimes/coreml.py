"""Apple's own Core ML runtime; it exists on Apple's systems only."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
from PIL import Image

from reference.manifest import Manifest

from . import NotRun


class CoreMLRuntime:
    """An .mlpackage in Core ML, on whatever compute units the system chooses."""

    name = "Core ML"

    def __init__(self, artifact: Path, manifest: Manifest) -> None:
        if platform.system() != "Darwin":
            raise NotRun("Core ML runs on macOS and iOS only")
        try:
            import coremltools
        except ImportError as error:
            raise NotRun("coremltools is not installed (extra coreml)") from error
        self._model = coremltools.models.MLModel(str(artifact))
        self._input, self._labels = manifest.input.name, manifest.labels
        self._output = next(output.name for output in manifest.outputs if output.meaning == "probabilities")

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        probabilities = self._model.predict({self._input: Image.fromarray(pixels)})[self._output]
        return np.array([probabilities[label] for label in self._labels], dtype=np.float32)
