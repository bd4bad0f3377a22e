"""The ranges of all values of an exported program on calibration images, under the names coremltools gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from .steps import Steps

FLOAT16_MAX = 65504.0
# Operations that give the values they take, in another order.
MOVES = (torch.ops.aten.transpose.int, torch.ops.aten.view.default)


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value that a tensor takes."""

    minimum: float
    maximum: float

    @property
    def overflows(self) -> bool:
        """Whether other images may well take it out of float16's range: half of the largest number is seen already."""
        return max(-self.minimum, self.maximum) > FLOAT16_MAX / 2


@torch.inference_mode()
def activation_ranges(program: ExportedProgram, inputs: Iterable[Tensor]) -> dict[str, Range]:
    """Run `program` in float32 on each input; returns the range of each node's result over all of them.

    coremltools names the operations of an ML Program after these nodes. PyTorch measures here, and not an ML Program
    runtime: the two compute the same values, and no pipeline depends on the validation.
    """
    steps = Steps(program)
    seen: dict[str, tuple[float, float]] = {}

    def look(node: Node, result: Tensor) -> Tensor:
        if node.target in MOVES:
            seen[node.name] = seen[node.all_input_nodes[0].name]
        else:
            minimum, maximum = (float(value) for value in torch.aminmax(result))
            before = seen.get(node.name, (minimum, maximum))
            seen[node.name] = (min(minimum, before[0]), max(maximum, before[1]))
        return result

    for each in inputs:
        steps.advance(steps.start(each, program.state_dict, look), steps.calls, look)
    return {name: Range(minimum, maximum) for name, (minimum, maximum) in seen.items()}
