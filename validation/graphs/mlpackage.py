"""Graphs of ML Programs, by validation.mil."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reference.extras import require

from .graph import Graph, Node, Value, Weights


def read(artifact: Path) -> Graph:
    """See graphs.read; of several functions the default one."""
    require("coreml", "coremltools")
    from ..mil.inspection import names_in, weights_of
    from ..mil.package import Package

    function = Package(artifact).function()
    nodes = []
    values = {each.name: _value(each.type) for each in function.message.inputs}
    for operation in function.walk():
        constant = operation.type == "const"
        values |= {each.name: _value(each.type, constant) for each in operation.outputs}
        if not constant:
            outputs = tuple(each.name for each in operation.outputs)
            nodes.append(Node(operation.type, tuple(names_in(operation)), outputs))
    flexible = {each.name: how for each in function.features.input if (how := _flexibility(each))}
    weights = [
        Weights(each.data_type.lower(), each.compression, each.tensors, each.bytes) for each in weights_of(function)
    ]
    return Graph("mlpackage", nodes, values, weights, flexible)


def _value(type: Any, constant: bool = False) -> Value:
    from ..mil.datatypes import data_type_of, shape_of

    if type.WhichOneof("type") != "tensorType":
        return Value(type.WhichOneof("type").removesuffix("Type"), None, constant)
    shape = shape_of(type.tensorType)
    return Value(data_type_of(type.tensorType).name.lower(), None if shape is None else tuple(shape), constant)


def _flexibility(feature: Any) -> str:
    """How an input's shape may vary: "enumerated", "range", or "" where it may not."""
    kind = feature.type.WhichOneof("Type")
    group = {"imageType": "SizeFlexibility", "multiArrayType": "ShapeFlexibility"}.get(kind)
    said = getattr(feature.type, kind).WhichOneof(group) if group else None
    return "" if said is None else "enumerated" if said.startswith("enumerated") else "range"
