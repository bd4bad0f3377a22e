"""int8 by ONNX Runtime's static quantizer: weights and activations of the layers that hold the weights."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

PERCENTILE = 99.999  # of each tensor's values, which its range holds: a few far ones would make the steps coarse
METHODS = {"minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
QUANTIZED = ["Conv", "Gemm", "Sigmoid", "Mul"]  # layers with weights, and SiLU; attention and norms stay float32


class _Images(CalibrationDataReader):
    """Calibration images as the model takes them; the quantizer asks for one range of them after the other."""

    def __init__(self, model: ModelProto, pixels: Sequence[np.ndarray]) -> None:
        feed = model.graph.input[0]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(feed.type.tensor_type.elem_type)
        self._feeds = [{feed.name: each[None].astype(dtype)} for each in pixels]
        self.set_range(0, len(pixels))

    def __len__(self) -> int:
        return len(self._feeds)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._next = iter(self._feeds[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._next, None)


def quantize_layers(model: ModelProto, pixels: Sequence[np.ndarray], *, range_method: str, spared: int) -> ModelProto:
    """The model with int8 weights, a scale for each output channel, and uint8 activations around them.

    The weights keep to 7 bits, -64..64: x86 CPUs without VNNI add products in pairs as int16, where 8 bits overflow.

    Args:
        model: float32.
        pixels: images as the model takes them, 0..255 [H, W, C]; the values they lead to give the ranges.
        range_method: "minmax" (all values) or "percentile" (PERCENTILE of them).
        spared: how many convolutions at the beginning stay float32, with what activates them.
    """
    first = [node for node in model.graph.node if node.op_type == "Conv"][:spared]
    results = {node.output[0] for node in first}
    activations = [node for node in model.graph.node if node.op_type in ("Sigmoid", "Mul") and results & {*node.input}]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            path,
            _Images(model, pixels),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTIZED,
            nodes_to_exclude=[node.name for node in (*first, *activations)],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=METHODS[range_method],
            # One image at a time (for histograms too, in spite of the name): else all of their values at once.
            extra_options={"CalibPercentile": PERCENTILE, "CalibStridedMinMax": 1},
        )
        return onnx.load(path)


def take_shapes(model: ModelProto, other: ModelProto) -> None:
    """Given: a quantized model, and the float model of the same network for another batch. Result: it takes that batch.

    Exported for one batch or another, a network has the same nodes and values by the same names, of which only shapes
    differ: those of inputs and outputs, and those that tensors are reshaped to.
    """
    graph, shaped = model.graph, other.graph
    for mine, theirs in zip((*graph.input, *graph.output), (*shaped.input, *shaped.output), strict=True):
        assert mine.name == theirs.name
        mine.CopyFrom(theirs)
    constants = {each.name: each for each in shaped.initializer}
    for each in graph.initializer:
        if each.name in constants:
            each.CopyFrom(constants[each.name])
    del graph.value_info[:]
