"""LiteRT, the runtime of .tflite files, on the CPU with XNNPACK."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from . import NotRun


class LiteRTRuntime:
    """A .tflite file in LiteRT's interpreter."""

    name = "LiteRT"

    def __init__(self, artifact: Path, manifest: Manifest, threads: int = 1) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise NotRun("ai-edge-litert is not installed (extra tflite)") from error
        try:
            self._interpreter = Interpreter(str(artifact), num_threads=threads)
            self._serve = self._interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise UserError(f"LiteRT cannot load {artifact}: {str(error).splitlines()[0]}") from error
        self._input, self._output = manifest.input, manifest.answer.name

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        tensor = pixels[None].astype(self._input.dtype)
        return self._serve(**{self._input.name: tensor})[self._output][0]
