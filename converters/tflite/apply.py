"""A float .tflite file to a quantized one, by ai-edge-quantizer: our part is the recipe and the ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import BuiltinOperator, ModelT, TensorType
from ai_edge_quantizer.quantizer import Quantizer
from ai_edge_quantizer.recipe_manager import RecipeManager

from reference.errors import UserError

from .flatbuffer import pack, unpack
from .ranges import Quantity

REFUSALS = (ValueError, KeyError, TypeError)
COPIES = (BuiltinOperator.DEQUANTIZE, BuiltinOperator.QUANTIZE)
BYTES = (TensorType.INT8, TensorType.UINT8)


def check_recipe(rules: Sequence[Mapping[str, Any]]) -> None:
    """UserError for rules that ai-edge-quantizer knows nothing of, whatever the file."""
    try:
        RecipeManager().load_quantization_recipe([dict(rule) for rule in rules])
    except REFUSALS as error:
        raise _refused(error) from error


def apply(content: bytes, rules: Sequence[Mapping[str, Any]], ranges: Mapping[str, Quantity]) -> bytes:
    """A float file, quantized by ai-edge-quantizer's `rules` with `ranges` by the names of tensors."""
    try:
        quantizer = Quantizer(bytearray(content), [dict(rule) for rule in rules])
        ranges = {**ranges, **_bytes_of(content)} if ranges else {}
        result = quantizer.quantize(ranges or None, enable_progress_bar=False, enable_progress_report=False)
    except REFUSALS as error:
        raise _refused(error) from error
    assert result.quantized_model is not None
    model = unpack(result.quantized_model)
    _integers_where_meant(model)
    for code in model.operatorCodes:
        # Readers of before 2020 know this field alone. ai-edge-quantizer leaves it 0, which stands for ADD.
        code.deprecatedBuiltinCode = min(code.builtinCode, BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    return pack(model)


def _refused(error: Exception) -> UserError:
    return UserError(f"ai-edge-quantizer refuses the recipe: {str(error).splitlines()[0]}")


def _integers_where_meant(model: ModelT) -> None:
    """Given: a copy of integers in another type, then ARG_MAX, or a MEAN. Result: the same of the integers themselves.

    ai-edge-quantizer leaves ARG_MAX float, and hands a MEAN with an integer result the copy that is another output.
    LiteRT's ARG_MAX takes no integers of 16 bits.
    """
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for graph in model.subgraphs:
        types = [tensor.type for tensor in graph.tensors]
        copies = {
            node.outputs[0]: node
            for node in graph.operators
            if codes[node.opcodeIndex] in COPIES and types[node.inputs[0]] != TensorType.FLOAT32
        }
        for node in graph.operators:
            kind, copy = codes[node.opcodeIndex], copies.get(node.inputs[0])
            of_integers = kind == BuiltinOperator.MEAN and types[node.outputs[0]] != TensorType.FLOAT32
            of_bytes = kind == BuiltinOperator.ARG_MAX and copy is not None and types[copy.inputs[0]] in BYTES
            if copy is not None and (of_integers or of_bytes):
                node.inputs[0] = copy.inputs[0]
                if copy.outputs[0] not in graph.outputs:
                    graph.operators.remove(copy)


def _bytes_of(content: bytes) -> dict[str, Quantity]:
    """The range of the input, which is that of bytes whatever the images hold: scale 1, a pixel's own value."""
    (feed,) = Interpreter(model_content=content).get_input_details()
    shape = (1,) * len(feed["shape"])
    return {feed["name"]: {"min": np.zeros(shape, np.float32), "max": np.full(shape, 255, np.float32)}}
