"""Graphs of .onnx files, by the onnx package; types and shapes as its shape inference finds them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from reference.extras import require

from .cells import Stored, along, of_floats, of_integers
from .graph import Graph, Node, Value, tally

STANDARD = ("", "ai.onnx")
NORMS = {"LayerNormalization": "LayerNorm", "RMSNormalization": "LayerNorm", "BatchNormalization": "BatchNorm"}
DEQUANTIZE = "DequantizeLinear"


def read(artifact: Path) -> Graph:
    """See graphs.read; values in other files are measured, not read."""
    model = load(artifact)
    nodes, values, stored = [], {}, {}
    scales: dict[str, str] = {}  # of the weights that have one
    for graph in _walk(model.graph):
        for tensor in graph.initializer:
            stored[tensor.name] = tensor
        for each in (*graph.input, *graph.value_info, *graph.output):
            values[each.name] = _value(each.type)
        for node in graph.node:
            if node.op_type == "Constant":
                stored.update((node.output[0], each.t) for each in node.attribute if each.name == "value")
                continue
            kind = node.op_type if node.domain in STANDARD else f"{node.domain}.{node.op_type}"
            nodes.append(Node(kind, tuple(filter(None, node.input)), tuple(filter(None, node.output))))
            if kind == DEQUANTIZE:
                scales[node.input[0]] = node.input[1]
    weights = []
    for name, tensor in stored.items():
        dtype, scale = _type_name(tensor.data_type), stored.get(scales.get(name, ""))
        values[name] = Value(dtype, tuple(tensor.dims), True)
        compression = "none" if scale is None else f"scale per {'channel' if math.prod(scale.dims) > 1 else 'tensor'}"
        weights.append((dtype, compression, -(-math.prod(tensor.dims) * _bits(dtype) // 8)))
    fed = [each for each in model.graph.input if each.name not in stored]
    flexible = {each.name: "range" for each in fed if None in (values[each.name].shape or ())}
    return Graph("onnx", nodes, values, tally(weights), flexible)


def load(artifact: Path) -> Any:
    """The ModelProto with the shapes that follow; UserError for what is none."""
    require("onnx", "onnx")
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(artifact, load_external_data=False)
    except OSError as error:
        raise UserError(f"cannot read {artifact}: {error.strerror}") from error
    except DecodeError as error:
        raise UserError(f"{artifact} is no .onnx file: {error}") from error
    if not model.graph.node:
        raise UserError(f"{artifact} is no .onnx file: it has no operations")
    return onnx.shape_inference.infer_shapes(model)  # leaves open what it cannot tell


def _walk(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _walk(inner)


def _value(type: Any) -> Value:
    if not type.HasField("tensor_type"):
        return Value(str(type.WhichOneof("value")).removesuffix("_type"), None)
    tensor = type.tensor_type
    if not tensor.HasField("shape"):
        return Value(_type_name(tensor.elem_type), None)
    shape = tuple(each.dim_value if each.HasField("dim_value") else None for each in tensor.shape.dim)
    return Value(_type_name(tensor.elem_type), shape)


def _type_name(number: int) -> str:
    from onnx import TensorProto

    name = TensorProto.DataType.Name(number).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def _bits(dtype: str) -> int:
    """As the type's own name says; a bool is a byte."""
    digits = re.search(r"\d+", dtype)
    return int(digits.group()) if digits else 8


def stored(artifact: Path) -> Stored:
    """See graphs.stored."""
    from onnx.numpy_helper import to_array

    graph, found = load(artifact).graph, Stored()
    values = {each.name: to_array(each) for each in graph.initializer}
    scaled = {node.input[0]: node for node in graph.node if node.op_type == DEQUANTIZE and node.input[0] in values}
    for name, each in values.items():
        if name in scaled:
            axis = next((attribute.i for attribute in scaled[name].attribute if attribute.name == "axis"), 1)
            scale, *zero = (along(axis, values[of], each.ndim) for of in scaled[name].input[1:3])
            found.cells.append(of_integers(name, each, scale, zero[0] if zero else np.zeros(())))
        elif each.dtype.kind == "f":
            found.cells.append(of_floats(name, each))
    for node in graph.node:
        if node.op_type in NORMS:
            epsilon = next((each.f for each in node.attribute if each.name == "epsilon"), 1e-5)  # ONNX's own default
            found.epsilons.append((NORMS[node.op_type], epsilon))
    return found
