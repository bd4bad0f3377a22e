"""LiteRT, the runtime of .tflite files; on the CPU with XNNPACK, which looks inside."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from .arm import Emulated, check_arm, is_arm, on_arm
from .interpreters import LiteRT, dequantized
from .runtime import DEFAULT_OPTIONS, Layer, NotRun, Options, Runtime, fed, whole_batches, with_batch


class Opened(Protocol):
    """A .tflite file, opened."""

    def run(self, feed: Mapping[str, np.ndarray], /) -> Mapping[str, np.ndarray]:
        """Arrays by the names of the file's inputs and outputs."""
        ...


class TFLiteRuntime(Runtime):
    """A .tflite file in LiteRT, opened as a subclass says."""

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        try:
            import ai_edge_litert.interpreter  # noqa: F401
        except ImportError as error:
            raise NotRun("ai-edge-litert is not installed (extra tflite)") from error

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        self.check_here()
        self._input, self._output, self.batch = manifest.input, manifest.answer, manifest.input.batch
        try:
            self._opened = self._open(str(artifact), options)
        except (ValueError, RuntimeError) as error:
            raise UserError(f"LiteRT cannot load {artifact}: {str(error).splitlines()[0]}") from error

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime. Integers go in and come out by the manifest's scales and zero points."""
        answers = with_batch(self._opened.run(self._feed(images))[self._output.name])
        if self._output.quantization is not None:
            answers = dequantized(answers, self._output.quantization.scale, self._output.quantization.zero_point)
        return np.moveaxis(answers, -1, 1) if self._output.layout == "NHWC" else answers

    def _feed(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return {self._input.name: fed(images, self._input)}

    @abstractmethod
    def _open(self, file: str, options: Options) -> Opened:
        """ValueError, RuntimeError: where it cannot be loaded."""


class LiteRTRuntime(TFLiteRuntime):
    """The same in LiteRT's interpreter."""

    name = "LiteRT"
    kernels = "AUTO"
    _opened: LiteRT | Emulated

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside; quantised results as the numbers they stand for."""
        (images,) = whole_batches([pixels], self.batch)
        return [Layer(*each) for each in self._opened.convolutions(self._feed(images))]

    def _open(self, file: str, options: Options) -> LiteRT | Emulated:
        return LiteRT(file, options.threads, self.kernels)


class PlainLiteRTRuntime(LiteRTRuntime):
    """The same with LiteRT's own kernels, without XNNPACK."""

    name = "LiteRT without XNNPACK"
    kernels = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"


class ARMLiteRTRuntime(LiteRTRuntime):
    """The same on ARM, emulated where this machine is none."""

    name = "LiteRT on ARM"
    confined = is_arm()  # else it is emulated, in a process of its own

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        check_arm(LiteRTRuntime)

    def _open(self, file: str, options: Options) -> LiteRT | Emulated:
        return on_arm(LiteRT, options.arm_processor, file, options.threads, self.kernels)
