"""LiteRT, the runtime of .tflite files, on the CPU with XNNPACK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from . import DEFAULT_OPTIONS, Layer, NotRun, Options


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
        self._artifact, self._threads = artifact, options.threads
        self._serve = self._interpreter().get_signature_runner()
        self._input, self._output = manifest.input, manifest.answer

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime. Integers go in and come out by the manifest's scales and zero points."""
        answer = self._serve(**{self._input.name: self._tensor(pixels)})[self._output.name][0]
        if self._output.quantization is not None:
            stored = self._output.quantization
            answer = (answer.astype(np.float32) - stored.zero_point) * stored.scale
        return np.moveaxis(answer, -1, 0) if self._output.layout == "NHWC" else answer

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside; quantised results as the numbers they stand for."""
        interpreter = self._interpreter(keep=True)
        interpreter.get_signature_runner()(**{self._input.name: self._tensor(pixels)})
        tensors = {each["index"]: each for each in interpreter.get_tensor_details()}
        outputs = [each["outputs"][0] for each in interpreter._get_ops_details() if "CONV_2D" in each["op_name"]]
        return [Layer(tensors[index]["name"], _number(interpreter, tensors[index])) for index in outputs]

    def _tensor(self, pixels: np.ndarray) -> np.ndarray:
        """The input for uint8 RGB pixels."""
        values, stored = pixels[None], self._input.quantization
        if stored is not None:
            values = np.rint(values / stored.scale) + stored.zero_point
        return values.astype(self._input.dtype)

    def _interpreter(self, *, keep: bool = False) -> Any:
        """LiteRT's interpreter of the file; `keep`: of all tensors, with kernels that keep them."""
        self.check_here()
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kernels = "BUILTIN_WITHOUT_DEFAULT_DELEGATES" if keep else self.kernels
        try:
            interpreter = Interpreter(
                str(self._artifact),
                num_threads=self._threads,
                experimental_op_resolver_type=OpResolverType[kernels],
                experimental_preserve_all_tensors=keep,
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise UserError(f"LiteRT cannot load {self._artifact}: {str(error).splitlines()[0]}") from error
        return interpreter


class PlainLiteRTRuntime(LiteRTRuntime):
    """The same with LiteRT's own kernels, without XNNPACK."""

    name = "LiteRT without XNNPACK"
    kernels = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"


def _number(interpreter: Any, tensor: Any) -> np.ndarray:
    """[1, H, W, C], quantised or not -> float [C, H, W]."""
    value, (scale, zero_point) = interpreter.get_tensor(tensor["index"])[0], tensor["quantization"]
    return np.moveaxis((value.astype(np.float32) - zero_point) * scale if scale else value, -1, 0)
