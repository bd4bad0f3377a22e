"""An exported program run node by node, with a say in each result: all of it, or as far as one likes.

torch.fx.Interpreter does the same for a whole run, but looks up every parameter again for every image, and cannot stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node, map_arg

CONVOLUTION = torch.ops.aten.conv2d.default

Values = dict[Node, Any]
Change = Callable[[Node, Tensor], Tensor]


class Steps:
    """The nodes of a program with one input, in the order in which they run."""

    def __init__(self, program: ExportedProgram) -> None:
        graph = program.module().graph
        (self._input,) = (node for node in graph.nodes if node.op == "placeholder")
        self._parameters = {node: str(node.target) for node in graph.nodes if node.op == "get_attr"}
        self._last_reader = {used: node for node in graph.nodes for used in node.all_input_nodes}
        self.calls: list[Node] = [node for node in graph.nodes if node.op == "call_function"]

    def start(self, image: Tensor, parameters: Mapping[str, Tensor], change: Change) -> Values:
        """What a run begins with; `change`: what becomes of a floating-point tensor."""
        values: Values = {node: parameters[name] for node, name in self._parameters.items()}
        values[self._input] = change(self._input, image)
        return values

    def advance(self, values: Values, calls: Iterable[Node], change: Change) -> None:
        """Add the results of `calls` to `values`, and drop what no later node reads."""
        for node in calls:
            function: Any = node.target
            arguments, options = map_arg((node.args, node.kwargs), values.__getitem__)
            result = function(*arguments, **options)
            if isinstance(result, Tensor) and result.is_floating_point():
                result = change(node, result)
            values[node] = result
            for used in node.all_input_nodes:
                if self._last_reader[used] is node:
                    del values[used]
