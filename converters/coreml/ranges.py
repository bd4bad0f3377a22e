"""The ranges of all values of an exported program on calibration images, under the names coremltools gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Interpreter

FLOAT16_MAX = 65504.0


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value that a tensor takes."""

    minimum: float
    maximum: float

    @property
    def overflows(self) -> bool:
        """Whether other images may well take it out of float16's range: half of the largest number is seen already."""
        return max(-self.minimum, self.maximum) > FLOAT16_MAX / 2


def activation_ranges(program: ExportedProgram, inputs: Iterable[Tensor]) -> dict[str, Range]:
    """Run `program` in float32 on each input; returns the range of each node's result over all of them.

    coremltools names the operations of an ML Program after these nodes. PyTorch measures here, and not an ML Program
    runtime: the two compute the same values, and no pipeline depends on the validation.
    """
    recorder = _Recorder(program.module())
    with torch.inference_mode():
        for each in inputs:
            recorder.run(each)
    return {name: Range(minimum, maximum) for name, (minimum, maximum) in recorder.seen.items()}


class _Recorder(Interpreter):
    def __init__(self, module: torch.fx.GraphModule) -> None:
        super().__init__(module)
        self.seen: dict[str, tuple[float, float]] = {}

    def run_node(self, node: torch.fx.Node) -> Any:
        result = super().run_node(node)
        if isinstance(result, Tensor) and result.is_floating_point() and node.op in ("placeholder", "call_function"):
            minimum, maximum = (float(value) for value in torch.aminmax(result))
            before = self.seen.get(node.name, (minimum, maximum))
            self.seen[node.name] = (min(minimum, before[0]), max(maximum, before[1]))
        return result
