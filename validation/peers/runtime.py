"""A stock file as a runtime, to be raced beside the kit's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..checks.metrics import softmax
from ..runtimes.interpreters import litert_interpreter
from ..runtimes.litert import LiteRTRuntime
from ..runtimes.runtime import Runtime


class StockRuntime(Runtime):
    """A stock route's .tflite file in LiteRT with XNNPACK, one thread.

    Such files have no signature and no manifest: one input, the network's own, and one output, the logits.
    """

    name = LiteRTRuntime.name

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        LiteRTRuntime.check_here()

    def __init__(self, file: Path) -> None:
        self.check_here()
        self._interpreter = litert_interpreter(str(file), 1, LiteRTRuntime.kernels)
        (input,), (output,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._input, self._output = input["index"], output["index"]

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """float32 [1, 3, H, W], as the network takes it -> probabilities [1, classes]."""
        self._interpreter.set_tensor(self._input, images)
        self._interpreter.invoke()
        return softmax(self._interpreter.get_tensor(self._output))
