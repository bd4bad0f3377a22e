"""Graphs of .tflite files: the flatbuffer by LiteRT's generated classes, without its interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from reference.extras import require

from .cells import Stored, along, of_floats, of_integers
from .graph import Graph, Node, Value, tally

IDENTIFIER = b"TFL3"  # bytes 4..7 of every file


def read(artifact: Path) -> Graph:
    """See graphs.read."""
    model = load(artifact)
    try:
        return _graph(model)
    except Exception as error:  # flatbuffers checks nothing: a broken file fails wherever it is read
        raise _broken(artifact, error) from error


def load(artifact: Path) -> Any:
    """The file's ModelT; UserError for what is none."""
    require("tflite", "ai_edge_litert")
    from ai_edge_litert import schema_py_generated as schema

    try:
        content = artifact.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {artifact}: {error.strerror}") from error
    if content[4:8] != IDENTIFIER:
        raise UserError(f"{artifact} is no .tflite file: it does not carry {IDENTIFIER.decode()}")
    try:
        return schema.ModelT.InitFromPackedBuf(content, 0)
    except Exception as error:
        raise _broken(artifact, error) from error


def type_names() -> dict[int, str]:
    """Of the numbers that stand for tensors' types, as NumPy spells them."""
    from ai_edge_litert import schema_py_generated as schema

    return {number: name.lower() for name, number in vars(schema.TensorType).items() if not name.startswith("_")}


def _broken(artifact: Path, error: Exception) -> UserError:
    return UserError(f"{artifact} is broken: {str(error).partition(chr(10))[0]}")


def _graph(model: Any) -> Graph:
    from ai_edge_litert import schema_py_generated as schema

    operators = {number: name for name, number in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    types = type_names()
    nodes, values, flexible = [], {}, {}
    stored: dict[int, tuple[str, str, int]] = {}  # buffer -> type, compression, bytes; tensors may share one
    for number, graph in enumerate(model.subgraphs):
        for index, tensor in enumerate(graph.tensors):
            size = _size(model.buffers[tensor.buffer])
            values[f"{number}:{index}"] = Value(types[tensor.type], _shape(tensor), size > 0)
            if size:
                stored[tensor.buffer] = (types[tensor.type], _compression(tensor), size)
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            kind = operators[max(code.builtinCode, code.deprecatedBuiltinCode)]  # the field that came first is a byte
            if kind == "CUSTOM":
                kind = f"CUSTOM {code.customCode.decode()}"
            inputs, outputs = (
                tuple(f"{number}:{each}" for each in (() if ends is None else ends) if each >= 0)
                for ends in (operator.inputs, operator.outputs)
            )
            nodes.append(Node(kind, inputs, outputs))
        for index in graph.inputs if number == 0 else ():
            shape = values[f"0:{index}"].shape
            if shape is not None and None in shape:
                flexible[graph.tensors[index].name.decode()] = "range"
    return Graph("tflite", nodes, values, tally(stored.values()), flexible)


def _size(buffer: Any) -> int:
    """Bytes of a buffer, which in files beyond 2 GB lie behind the flatbuffer."""
    return buffer.size if buffer.offset > 1 else 0 if buffer.data is None else len(buffer.data)


def _shape(tensor: Any) -> tuple[int | None, ...] | None:
    signature = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature  # -1: open
    if signature is None:
        return () if tensor.hasRank else None
    return tuple(None if size < 0 else int(size) for size in signature)


def _compression(tensor: Any) -> str:
    if tensor.sparsity is not None:
        return "sparse"
    scale = None if tensor.quantization is None else tensor.quantization.scale
    return "none" if scale is None or not len(scale) else f"scale per {'channel' if len(scale) > 1 else 'tensor'}"


def stored(artifact: Path) -> Stored:
    """See graphs.stored."""
    model, types, found = load(artifact), type_names(), Stored()
    single: dict[str, float] = {}  # tensors of one number
    for number, graph in enumerate(model.subgraphs):
        for index, tensor in enumerate(graph.tensors):
            content, kind, name = model.buffers[tensor.buffer].data, types[tensor.type], tensor.name.decode()
            if content is None or not len(content) or not (kind in _HELD or _compression(tensor).startswith("scale")):
                continue
            if kind not in {**_HELD, **_SCALED} or getattr(tensor.quantization, "details", None) is not None:
                raise UserError(f"{name} has weights of {kind} in a form that is not read here")
            values = np.frombuffer(bytes(content), {**_HELD, **_SCALED}[kind])
            if kind == "int4":  # two in a byte, the lower half first
                values = np.stack([values << 4 >> 4, values >> 4], axis=1).ravel()[: int(np.prod(tensor.shape))]
            values = values.reshape(() if tensor.shape is None else tensor.shape)
            if kind in _HELD:
                cells = of_floats(name, values)
            else:
                by = tensor.quantization
                scale, zero = (
                    along(by.quantizedDimension, np.asarray(each), values.ndim) for each in (by.scale, by.zeroPoint)
                )
                cells = of_integers(name, values, scale.astype(np.float32), zero)
            found.cells.append(cells)
            if values.size == 1:
                single[f"{number}:{index}"] = float((cells.low + cells.high).item() / 2)
    nodes = _graph(model).nodes
    sums = {node.outputs[0]: node.inputs for node in nodes if node.kind == "ADD"}
    for node in nodes:
        added = sums.get(node.inputs[0], ()) if node.kind == "RSQRT" else ()
        found.epsilons.extend(("LayerNorm", single[each]) for each in added if each in single)
    return found


_HELD = {"float16": "<f2", "float32": "<f4"}
_SCALED = {"int4": "i1", "int8": "i1", "uint8": "u1", "int16": "<i2", "int32": "<i4", "int64": "<i8"}
