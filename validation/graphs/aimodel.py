"""Graphs of .aimodel folders, by coreai-core: operations as they stand in the program, whole ones counted once.

The asset's own summary counts what each operation would fall apart into as well: a silu as 13 operations, 3 of them
reshapes.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from reference.errors import UserError
from reference.extras import require

from .graph import Graph, Node, Value, tally

DECOMPRESS = ("lut_to_dense", "dequantize", "blockwise_shift_scale")
_KINDS = re.compile(r"^coreai\.(decomposable\.)?(broadcasting_)?")
_TYPES = {"f": "float", "bf": "bfloat", "si": "int", "i": "int", "ui": "uint"}


def read(artifact: Path) -> Graph:
    """See graphs.read; of every graph inside, composites' own included."""
    require("coreai", "coreai")
    from coreai.authoring.asset import AIModelAsset

    try:
        module = AIModelAsset.load(artifact).program._module._mlir_module
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{artifact} is no .aimodel: {str(error).partition(chr(10))[0]}") from error
    nodes: list[Node] = []
    values: dict[str, Value] = {}
    for graph in module.body.operations:
        if graph.name == "coreai.graph":
            _add(graph, nodes, values)
    reader = {name: node.kind for node in nodes for name in node.inputs if node.kind in DECOMPRESS}
    weights = [
        (each.dtype, reader.get(name, "none"), -(-_count(each) * _bits(each.dtype) // 8))
        for name, each in values.items()
        if each.constant
    ]
    return Graph("aimodel", nodes, values, tally(weights))


def _add(graph: Any, nodes: list[Node], values: dict[str, Value]) -> None:
    """What stands in one graph; names are its own, so that its name goes before them."""
    prefix, block = graph.attributes["sym_name"].value, graph.regions[0].blocks[0]
    values.update((f"{prefix}{each.get_name()}", _value(each.type)) for each in block.arguments)
    for operation in block.operations:
        kind, outputs = _KINDS.sub("", operation.name), [f"{prefix}{each.get_name()}" for each in operation.results]
        constant = kind == "constant"
        values.update((name, _value(each.type, constant)) for name, each in zip(outputs, operation.results))
        if not constant and kind != "output":
            inputs = tuple(f"{prefix}{each.get_name()}" for each in operation.operands)
            nodes.append(Node(kind, inputs, tuple(outputs)))


def _value(type: Any, constant: bool = False) -> Value:
    """Of a type as it is written: tensor<1x3x?xf16>."""
    found = re.fullmatch(r"tensor<((?:[\d?]+x)*)([a-z]+)(\d+)(?:,.*)?>", str(type))
    if found is None:
        return Value(str(type), None, constant)
    sides, letters, bits = found.groups()
    shape = tuple(None if side == "?" else int(side) for side in sides.split("x")[:-1])
    return Value(f"{_TYPES.get(letters, letters)}{bits}", shape, constant)


def _count(value: Value) -> int:
    return math.prod(side or 1 for side in value.shape or ())


def _bits(dtype: str) -> int:
    digits = re.search(r"\d+", dtype)
    return int(digits.group()) if digits else 8
