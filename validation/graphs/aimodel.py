"""Graphs of .aimodel folders, by coreai-core: operations as they stand in the program, whole ones counted once.

The asset's own summary counts what each operation would fall apart into as well: a silu as 13 operations, 3 of them
reshapes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from reference.extras import require

from .cells import Stored, from_bits, of_floats, of_integers, of_table
from .graph import Graph, Node, Value, tally

DECOMPRESS = ("lut_to_dense", "dequantize", "blockwise_shift_scale")
_KINDS = re.compile(r"^coreai\.(decomposable\.)?(broadcasting_)?")
_TYPES = {"f": "float", "bf": "bfloat", "si": "int", "i": "int", "ui": "uint"}


def read(artifact: Path) -> Graph:
    """See graphs.read; of every graph inside, composites' own included."""
    module = _module(artifact)
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


def _module(artifact: Path) -> Any:
    require("coreai", "coreai")
    from coreai.authoring.asset import AIModelAsset

    try:
        return AIModelAsset.load(artifact).program._module._mlir_module
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{artifact} is no .aimodel: {str(error).partition(chr(10))[0]}") from error


def _add(graph: Any, nodes: list[Node], values: dict[str, Value]) -> None:
    """What stands in one graph; names are its own, so that its name goes before them."""
    prefix, block, named = graph.attributes["sym_name"].value, graph.regions[0].blocks[0], _names(graph)
    values.update((f"{prefix}{named(each)}", _value(each.type)) for each in block.arguments)
    for operation in block.operations:
        kind, outputs = _KINDS.sub("", operation.name), [f"{prefix}{named(each)}" for each in operation.results]
        constant = kind == "constant"
        values.update((name, _value(each.type, constant)) for name, each in zip(outputs, operation.results))
        if not constant and kind != "output":
            inputs = tuple(f"{prefix}{named(each)}" for each in operation.operands)
            nodes.append(Node(kind, inputs, tuple(outputs)))


def _names(graph: Any) -> Callable[[Any], str]:
    """What tells the names of a graph's values. A value asked by itself numbers the whole graph for its answer."""
    from coreai._compiler.ir import AsmState

    state = AsmState(graph)
    return lambda value: str(value.get_name(state))


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


def stored(artifact: Path) -> Stored:
    """See graphs.stored."""
    module, found = _module(artifact), Stored()
    held: dict[str, str] = dict(re.findall(r'(\w+): "0x([0-9A-F]+)"', str(module)))
    for graph in (each for each in module.body.operations if each.name == "coreai.graph"):
        constants, packed, sums, named = {}, set(), {}, _names(graph)
        for operation in graph.regions[0].blocks[0].operations:
            kind, names = _KINDS.sub("", operation.name), [named(each) for each in operation.operands]
            result = named(operation.results[0]) if operation.results else ""
            if kind == "constant":
                constants[result] = _array(operation, held)
            elif kind == "blockwise_shift_scale":
                found.cells.append(of_integers(result, *(constants[each] for each in names[:3])))
                packed.update(names[:3])
            elif kind == "lut_to_dense":
                indices, table = (constants[each] for each in names[:2])
                found.cells.append(of_table(result, indices.astype(np.intp), table.ravel()))
                packed.update(names[:2])  # layers may share some
            elif kind == "add":
                sums[result] = names
            elif kind == "rsqrt":
                added = [constants[each] for each in sums.get(names[0], []) if each in constants]
                found.epsilons.extend(("LayerNorm", float(each)) for each in added)
        left = ((name, each) for name, each in constants.items() if name not in packed)
        found.cells.extend(of_floats(name, each) for name, each in left if each.dtype.kind == "f")
    return found


def _array(operation: Any, held: dict[str, str]) -> np.ndarray:
    """A constant's value, which large ones have among the program's resources: alignment, then the bytes."""
    value, type = operation.attributes["value"], _value(operation.results[0].type)
    resource = re.match(r"dense_resource<(\w+)>", str(value)[:200])
    if resource is None:
        return np.array(value)
    packed, bits = bytes.fromhex(held[resource.group(1)])[4:], _bits(type.dtype)
    shape = [side or 1 for side in type.shape or ()]
    if bits < 8:
        return from_bits(np.frombuffer(packed, np.uint8), bits, _count(type)).reshape(shape)
    return np.frombuffer(packed, type.dtype).reshape(shape)
