"""Biases that make up for what compression does to a layer's mean output (after Nagel et al., arXiv:1906.04721).

Rounded weights and activations shift the mean of each output channel, and the shifts of many layers add up; a bias can
take them back at no cost. The network as it is and the compressed one run side by side from one convolution to the
next, so that each layer's correction knows those before it. Images go one by one: a batch takes the same time to
compute, and more to get memory for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from .steps import Change, Steps, Values

CONVOLUTION = torch.ops.aten.conv2d.default

ENOUGH = 64


@torch.no_grad()
def correct_biases(
    program: ExportedProgram, inputs: Sequence[Tensor], weights: Mapping[str, Tensor], rounded: Change
) -> None:
    """Change the bias of each convolution of `program` that has one.

    Args:
        program: the network as it is; its parameters are changed in place.
        inputs: images, as the network takes them; the first ENOUGH serve.
        weights: what compression made of parameters, by name.
        rounded: what compression makes of a node's result.
    """
    steps, parameters = Steps(program), {name: each.clone() for name, each in program.state_dict.items()}
    exact = [steps.start(image, parameters, _unchanged) for image in inputs[:ENOUGH]]
    compressed = [steps.start(image, {**parameters, **weights}, rounded) for image in inputs[:ENOUGH]]
    for before, convolution, bias in _stretches(steps.calls):
        shift = torch.stack(
            [
                _mean(steps, values, before, convolution, _unchanged) - _mean(steps, others, before, convolution, rounded)
                for values, others in zip(exact, compressed)
            ]
        ).mean(dim=0)
        program.state_dict[str(bias.target)] += shift
        for values in compressed:
            values[convolution] = rounded(convolution, values[convolution] + shift[:, None, None])


def _unchanged(node: Node, value: Tensor) -> Tensor:
    return value


def _stretches(calls: Sequence[Node]) -> Iterator[tuple[list[Node], Node, Node]]:
    """Each convolution with a bias, what runs between the one before and it, and its bias."""
    before: list[Node] = []
    for node in calls:
        bias = node.args[2] if node.target is CONVOLUTION and len(node.args) > 2 else None
        if isinstance(bias, Node):
            yield before, node, bias
            before = []
        else:
            before.append(node)


def _mean(steps: Steps, values: Values, before: Sequence[Node], convolution: Node, change: Change) -> Tensor:
    """Of each channel [C] of what the convolution gives, which is not changed yet."""
    steps.advance(values, before, change)
    steps.advance(values, [convolution], _unchanged)
    return values[convolution].mean(dim=(0, 2, 3))
