"""LiteRT, the runtime of .tflite files, on the CPU with XNNPACK."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from .arm import Emulated, check_arm, on_arm
from .interpreters import LiteRT, dequantized
from .runtime import DEFAULT_OPTIONS, Layer, NotRun, Options, without_batch


class LiteRTRuntime:
    """A .tflite file in LiteRT's interpreter."""

    name = "LiteRT"
    kernels = "AUTO"

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        try:
            import ai_edge_litert.interpreter  # noqa: F401
        except ImportError as error:
            raise NotRun("ai-edge-litert is not installed (extra tflite)") from error

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        self.check_here()
        self._input, self._output = manifest.input, manifest.answer
        try:
            self._opened = self._open(str(artifact), options)
        except (ValueError, RuntimeError) as error:
            raise UserError(f"LiteRT cannot load {artifact}: {str(error).splitlines()[0]}") from error

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime. Integers go in and come out by the manifest's scales and zero points."""
        answer = without_batch(self._opened.run(self._feed(pixels))[self._output.name])
        if self._output.quantization is not None:
            answer = dequantized(answer, self._output.quantization.scale, self._output.quantization.zero_point)
        return np.moveaxis(answer, -1, 0) if self._output.layout == "NHWC" else answer

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside; quantised results as the numbers they stand for."""
        return [Layer(*each) for each in self._opened.convolutions(self._feed(pixels))]

    def _feed(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """The input for uint8 RGB pixels."""
        values, stored = pixels[None], self._input.quantization
        if stored is not None:
            values = np.rint(values / stored.scale) + stored.zero_point
        return {self._input.name: values.astype(self._input.dtype)}

    def _open(self, file: str, options: Options) -> LiteRT | Emulated:
        return LiteRT(file, options.threads, self.kernels)


class PlainLiteRTRuntime(LiteRTRuntime):
    """The same with LiteRT's own kernels, without XNNPACK."""

    name = "LiteRT without XNNPACK"
    kernels = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"


class ARMLiteRTRuntime(LiteRTRuntime):
    """The same on ARM, emulated where this machine is none."""

    name = "LiteRT on ARM"

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        check_arm(LiteRTRuntime)

    def _open(self, file: str, options: Options) -> LiteRT | Emulated:
        return on_arm(LiteRT, options.arm_processor, file, options.threads, self.kernels)
