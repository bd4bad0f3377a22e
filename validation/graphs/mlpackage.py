"""Graphs of ML Programs, by validation.mil."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from reference.extras import require

from .cells import Cells, Stored, along, from_bits, of_floats, of_integers, of_table
from .graph import Graph, Node, Value, Weights

FLOATS = ("float16", "float32")
NORMS = {"layer_norm": "LayerNorm", "batch_norm": "BatchNorm"}


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


def stored(artifact: Path) -> Stored:
    """See graphs.stored; of several functions the default one."""
    from ..mil.package import Package
    from ..mil.values import decode

    package, found = Package(artifact), Stored()
    constants: dict[str, Any] = {}

    def given(operation: Any, key: str) -> Any:
        """An operation's parameter, wherever its system writes constants."""
        if key in operation.attributes:
            return decode(package, operation.attributes[key]).numpy()
        (argument,) = operation.inputs[key].arguments
        bound = argument.value if argument.WhichOneof("binding") == "value" else constants[argument.name]
        return decode(package, bound).numpy()

    for operation in package.function().walk():
        name = operation.outputs[0].name
        if operation.type == "const":
            constants[name] = operation.attributes["val"]
            if (kind := _value(operation.outputs[0].type).dtype) in FLOATS:
                found.cells.append(of_floats(name, given(operation, "val").astype(kind)))
        elif operation.type in NORMS:
            found.epsilons.append((NORMS[operation.type], float(given(operation, "epsilon"))))
        elif operation.type.startswith("constexpr_"):
            found.cells.append(_decompressed(operation, given))
    return found


def _decompressed(operation: Any, given: Callable[[Any, str], np.ndarray]) -> Cells:
    name, kind = operation.outputs[0].name, _value(operation.outputs[0].type).dtype
    if operation.type == "constexpr_affine_dequantize":  # iOS 16
        values, axis = given(operation, "quantized_data"), int(given(operation, "axis"))
        scale, zero = (along(axis, given(operation, key), values.ndim) for key in ("scale", "zero_point"))
        return of_integers(name, values, scale.astype(kind), zero)
    if operation.type == "constexpr_blockwise_shift_scale":  # iOS 18
        values, scale = given(operation, "data"), given(operation, "scale")
        zero = given(operation, "offset") if operation.inputs["offset"].arguments else np.zeros((), np.int8)
        if all(side in (1, whole) for side, whole in zip(scale.shape, values.shape)):
            return of_integers(name, values, scale.astype(kind), zero)
    if operation.type == "constexpr_lut_to_dense":
        indices, table = given(operation, "indices"), given(operation, "lut").ravel().astype(kind)
        if "shape" in operation.attributes:  # iOS 16 packs them
            shape, bits = given(operation, "shape"), (table.size - 1).bit_length()
            return of_table(name, from_bits(indices, bits, int(np.prod(shape))).reshape(shape), table)
        if table.size == given(operation, "lut").shape[-2]:  # one table for all
            return of_table(name, indices.astype(np.intp), table)
    raise UserError(f"{name} has weights in a form of {operation.type} that is not read here")
