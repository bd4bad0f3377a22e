"""Biases that make up for what compression does to a layer's mean output (after Nagel et al., arXiv:1906.04721).

Rounded weights and activations shift the mean of each output channel, and the shifts of many layers add up; a bias can
take them back at no cost. The compressed network runs from one convolution to the next, on all images, so that each
layer's correction knows those before it. Images go one by one: a batch takes as long to compute, and longer to get
memory for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from .steps import CONVOLUTION, Change, Steps

ENOUGH = 64  # images


@torch.inference_mode()
def correct_biases(
    program: ExportedProgram,
    inputs: Sequence[Tensor],
    means: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    rounded: Change,
) -> None:
    """Change the bias of each convolution of `program` that has one, in place.

    Args:
        inputs: images, as the network takes them; the first ENOUGH serve.
        means: of each convolution's channels in the network as it is, [images, C], of the same images.
        weights: what compression made of parameters, by name.
        rounded: what compression makes of a node's result.
    """
    steps = Steps(program)
    runs = [steps.start(image, {**program.state_dict, **weights}, rounded) for image in inputs[:ENOUGH]]
    for before, convolution, bias in _stretches(steps.calls):
        for values in runs:
            steps.advance(values, before, rounded)
            steps.advance(values, [convolution], _unchanged)
        found = torch.stack([values[convolution].mean(dim=(0, 2, 3)) for values in runs])
        shift = (means[convolution.name][: len(runs)] - found).mean(dim=0)
        program.state_dict[str(bias.target)] += shift
        for values in runs:
            values[convolution] = rounded(convolution, values[convolution] + shift[:, None, None])


def _stretches(calls: Sequence[Node]) -> Iterator[tuple[list[Node], Node, Node]]:
    """Each convolution with a bias: what runs between the one before and it, itself, its bias."""
    before: list[Node] = []
    for node in calls:
        bias = node.args[2] if node.target is CONVOLUTION and len(node.args) > 2 else None
        if isinstance(bias, Node):
            yield before, node, bias
            before = []
        else:
            before.append(node)


def _unchanged(node: Node, value: Tensor) -> Tensor:
    return value
