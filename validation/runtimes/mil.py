"""The project's own executor of ML Programs: what the file means, on any operating system. Not Apple's runtime."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from reference.manifest import Manifest

from . import NotRun


class ProgramRuntime:
    """An .mlpackage in validation.mil."""

    name = "ML Program executor (not Apple's)"

    def __init__(self, artifact: Path, manifest: Manifest) -> None:
        if importlib.util.find_spec("coremltools") is None:  # whose protobuf classes read the file
            raise NotRun("coremltools is not installed (extra coreml)")
        from ..mil import Program

        self._program = Program(artifact)
        self._input, self._labels = manifest.input.name, manifest.labels
        self._output = next(output.name for output in manifest.outputs if output.meaning == "probabilities")

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        probabilities = self._program.predict({self._input: pixels})[self._output]
        return np.array([probabilities[label] for label in self._labels], dtype=np.float32)
