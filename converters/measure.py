"""What an exported program's values are like on calibration images, under the names coremltools gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from .steps import CONVOLUTION, Steps

FLOAT16_MAX = 65504.0
# Operations that give the values they take, in another order.
_MOVES = (torch.ops.aten.transpose.int, torch.ops.aten.view.default)


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value that a tensor takes."""

    minimum: float
    maximum: float

    @property
    def scale(self) -> float:
        """Of 8-bit numbers, -127 to 127, that reach as far as the tensor does."""
        return max(-self.minimum, self.maximum) / 127

    def rounded(self, value: Tensor) -> Tensor:
        """`value` as those numbers have it."""
        scale = self.scale
        return value.div(scale).round_().clamp_(-127, 127).mul_(scale) if scale else value

    @property
    def overflows(self) -> bool:
        """Whether other images may well take it out of float16's range: half of the largest number is seen already."""
        return max(-self.minimum, self.maximum) > FLOAT16_MAX / 2


@dataclass(frozen=True)
class Measured:
    """ranges: of each node's result, over all images, where asked for; means: of each convolution's channels,
    [images, C]."""

    ranges: dict[str, Range]
    means: dict[str, Tensor]


@torch.inference_mode()
def measure(program: ExportedProgram, inputs: Iterable[Tensor], *, ranging: bool = True) -> Measured:
    """Run `program` in float32 on each input; `ranging`: whether to look for ranges, which takes a third of the time.

    coremltools names the operations of an ML Program after the nodes. PyTorch measures here, and not an ML Program
    runtime: the two compute the same values, and no pipeline depends on the validation.
    """
    steps = Steps(program)
    extremes: dict[str, tuple[Tensor, Tensor]] = {}
    means: dict[str, list[Tensor]] = {}

    def look(node: Node, result: Tensor) -> Tensor:
        if not ranging:
            pass
        elif node.target in _MOVES:
            extremes[node.name] = extremes[node.all_input_nodes[0].name]
        else:
            minimum, maximum = torch.aminmax(result)
            before = extremes.get(node.name, (minimum, maximum))
            extremes[node.name] = torch.minimum(minimum, before[0]), torch.maximum(maximum, before[1])
        if node.target is CONVOLUTION:
            means.setdefault(node.name, []).append(result.mean(dim=(0, 2, 3)))
        return result

    for each in inputs:
        steps.advance(steps.start(each, program.state_dict, look), steps.calls, look)
    ranges = {name: Range(minimum.item(), maximum.item()) for name, (minimum, maximum) in extremes.items()}
    return Measured(ranges, {name: torch.stack(each) for name, each in means.items()})
