"""What an exported program's values are like on calibration images, under the names coremltools gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from .steps import CONVOLUTION, Steps

FLOAT16_MAX = 65504.0
SAMPLED = 1 << 12  # values of a tensor, of each image, that decide where its 8-bit numbers end
ENDS = np.linspace(1, 0.1, 46)  # that are tried, in units of the largest magnitude
# Magnitudes are counted as the nearest float16, whose bits are the place in a histogram.
HALVES = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)
MAY_TAKE_8_BITS = (CONVOLUTION, torch.ops.aten.add.Tensor)
# Operations that give the values they take, in another order.
_MOVES = (torch.ops.aten.transpose.int, torch.ops.aten.view.default)


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value that a tensor takes.

    end: the largest magnitude that 8-bit numbers are to hold, where operations that MAY_TAKE_8_BITS take or give it.
    """

    minimum: float
    maximum: float
    end: float

    @property
    def scale(self) -> float:
        """Of 8-bit numbers, -127 to 127."""
        return self.end / 127

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
    counts: dict[str, Tensor] = {}
    drawn = torch.Generator().manual_seed(0)
    means: dict[str, list[Tensor]] = {}

    def look(node: Node, result: Tensor) -> Tensor:
        if not ranging:
            pass
        elif node.target in _MOVES:
            moved = node.all_input_nodes[0].name
            extremes[node.name] = extremes[moved]
            if moved in counts:
                counts[node.name] = counts[moved]
        else:
            minimum, maximum = torch.aminmax(result)
            before = extremes.get(node.name, (minimum, maximum))
            extremes[node.name] = torch.minimum(minimum, before[0]), torch.maximum(maximum, before[1])
            if node.target in MAY_TAKE_8_BITS or _reaches(node):
                values = result.reshape(-1)
                if len(values) > SAMPLED:
                    values = values[torch.randint(len(values), (SAMPLED,), generator=drawn)]
                places = values.abs().clamp(max=FLOAT16_MAX).nan_to_num().half().view(torch.int16).int()
                counts[node.name] = counts.get(node.name, 0) + torch.bincount(places, minlength=len(HALVES))
        if node.target is CONVOLUTION:
            means.setdefault(node.name, []).append(result.mean(dim=(0, 2, 3)))
        return result

    for each in inputs:
        steps.advance(steps.start(each, program.state_dict, look), steps.calls, look)
    ranges = {}
    for name, (minimum, maximum) in extremes.items():
        largest = max(-minimum.item(), maximum.item())
        end = _end(counts[name].numpy(), largest) if name in counts else largest
        ranges[name] = Range(minimum.item(), maximum.item(), end)
    return Measured(ranges, {name: torch.stack(each) for name, each in means.items()})


def _reaches(node: Node) -> bool:
    """Whether such an operation takes the node's result, moved perhaps."""
    return any(user.target in MAY_TAKE_8_BITS or (user.target in _MOVES and _reaches(user)) for user in node.users)


def _end(counts: np.ndarray, largest: float) -> float:
    """Where -127..127 are to end so that rounding and clipping have the smallest squared error together.

    What SiLU answers reaches far beyond most of its values: numbers that span it all are coarse for the others.
    """
    seen = counts.nonzero()[0]
    magnitudes, counts = HALVES[seen], counts[seen]

    def error(end: float) -> float:
        scale = end / 127 or 1.0
        rounded = np.minimum(np.round(magnitudes / scale), 127) * scale
        return float(counts @ (rounded - magnitudes) ** 2)

    return min((largest * float(each) for each in ENDS), key=error)
