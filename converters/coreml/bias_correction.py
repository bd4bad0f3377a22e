"""Biases that make up for what compression does to a layer's mean output (after Nagel et al., arXiv:1906.04721).

Rounded weights and activations shift the mean of each output channel, and the shifts of many layers add up; a bias can
take them back at no cost. The network as it is and the compressed one run side by side, layer by layer on the same
images, so that each layer's correction knows those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node, map_arg

CONVOLUTION = torch.ops.aten.conv2d.default

ENOUGH = 64

Rounding = Callable[[Node, Tensor], Tensor]


@torch.no_grad()
def correct_biases(
    program: ExportedProgram, inputs: Sequence[Tensor], weights: Mapping[str, Tensor], rounded: Rounding
) -> None:
    """Change the bias of each convolution of `program` that has one.

    Args:
        program: the network as it is; its parameters are changed in place.
        inputs: images, as the network takes them; the first ENOUGH serve.
        weights: what compression made of parameters, by name.
        rounded: what compression makes of a node's result.
    """
    module, inputs = program.module(), inputs[:ENOUGH]
    last_reader = {used: node for node in module.graph.nodes for used in node.all_input_nodes}
    exact: dict[Node, list[Any]] = {}
    compressed: dict[Node, list[Any]] = {}
    for node in module.graph.nodes:
        if node.op == "placeholder":
            exact[node], compressed[node] = list(inputs), [rounded(node, each) for each in inputs]
        elif node.op == "get_attr":
            value = program.state_dict[str(node.target)].clone()
            exact[node] = [value] * len(inputs)
            compressed[node] = [weights.get(node.target, value)] * len(inputs)
        elif node.op == "call_function":
            exact[node], compressed[node] = (_call(node, values, len(inputs)) for values in (exact, compressed))
            bias = node.args[2] if node.target is CONVOLUTION and len(node.args) > 2 else None
            if isinstance(bias, Node):
                shift = _mean_difference(exact[node], compressed[node])
                program.state_dict[str(bias.target)] += shift
                compressed[node] = [each + shift[:, None, None] for each in compressed[node]]
            compressed[node] = [rounded(node, each) if isinstance(each, Tensor) else each for each in compressed[node]]
        for used in node.all_input_nodes:
            if last_reader[used] is node:
                del exact[used], compressed[used]


def _call(node: Node, values: Mapping[Node, list[Any]], count: int) -> list[Any]:
    """The node's result for each image."""
    function: Any = node.target

    def one(image: int) -> Any:
        arguments, options = map_arg((node.args, node.kwargs), lambda used: values[used][image])
        return function(*arguments, **options)

    return [one(image) for image in range(count)]


def _mean_difference(exact: Sequence[Tensor], compressed: Sequence[Tensor]) -> Tensor:
    """Of each channel [C], over all images and places."""
    return torch.stack([(a - b).mean(dim=(0, 2, 3)) for a, b in zip(exact, compressed)]).mean(dim=0)
