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
        self._input, self._output = manifest.input, manifest.answer

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime. Integers go in and come out by the manifest's scales and zero points."""
        tensor = pixels[None]
        if self._input.quantization is not None:
            tensor = np.rint(tensor / self._input.quantization.scale) + self._input.quantization.zero_point
        answer = self._serve(**{self._input.name: tensor.astype(self._input.dtype)})[self._output.name][0]
        if self._output.quantization is None:
            return answer
        return (answer.astype(np.float32) - self._output.quantization.zero_point) * self._output.quantization.scale
