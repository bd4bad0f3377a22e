"""How much a .tflite file computes, moves and converts: what can be counted where nothing can be timed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..graphs import Graph, Node

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# RESHAPE moves nothing: both ends share their bytes.
MOVES = ("TRANSPOSE", "CONCATENATION", "PAD", "PADV2", "SLICE", "STRIDED_SLICE", "SPLIT", "PACK", "UNPACK", "GATHER")
CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "CAST")


@dataclass(frozen=True)
class Work:
    """Of an inference.

    macs: multiplications of convolutions and matrices, by what they compute with, see structure.computes; moved_bytes:
    what operations write that only move values; conversions, converted_values: of activations, between types; those of
    weights are made once, on loading.
    """

    macs: dict[str, int]
    moved_bytes: int
    conversions: int
    converted_values: int


def work(graph: Graph, types: Sequence[str]) -> Work:
    """Count; types: what each node computes with. A value of open size counts as one."""
    macs: Counter[str] = Counter()
    bits, converted = 0, []
    for node, type in zip(graph.nodes, types):
        if products := _macs(graph, node):
            macs[type] += products
        if node.kind in MOVES:
            bits += sum(_size(graph, name) * _bits(graph.values[name].dtype) for name in node.outputs)
        if node.kind in CONVERSIONS and not graph.values[node.inputs[0]].constant:
            converted.append(_size(graph, node.outputs[0]))
    return Work(dict(macs.most_common()), bits // 8, len(converted), sum(converted))


def _macs(graph: Graph, node: Node) -> int:
    if node.kind == "BATCH_MATMUL":  # [.., M, K], transposed or not, and [.., M, N] as the result
        return _size(graph, node.inputs[0]) * _shape(graph, node.outputs[0])[-1]
    if node.kind not in WEIGHTED:
        return 0
    kernel = _shape(graph, node.inputs[1])  # [outputs, ..]; of depthwise ones [1, height, width, outputs]
    each = kernel[1:-1] if node.kind == "DEPTHWISE_CONV_2D" else kernel[1:]
    return _size(graph, node.outputs[0]) * math.prod(each)


def _shape(graph: Graph, name: str) -> tuple[int, ...]:
    return tuple(1 if size is None else size for size in graph.values[name].shape or ())


def _size(graph: Graph, name: str) -> int:
    return math.prod(_shape(graph, name))


def _bits(dtype: str) -> int:
    """By the number in its name; of text and the like none."""
    number = re.search(r"\d+", dtype)
    return int(number[0]) if number else 8 * (dtype == "bool")
