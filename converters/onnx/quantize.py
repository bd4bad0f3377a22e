"""int8 by ONNX Runtime's static quantizer: weights and activations of the layers that hold the weights."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from torch import Tensor

from ..deployable import InputTransform

OPSET = 20  # ONNX Runtime 1.23 has no QuantizeLinear of 23
PERCENTILE = 99.999  # of each tensor's values, which its range holds: a few far ones would make the steps coarse
METHODS = {"minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
QUANTIZED = ["Conv", "Gemm", "Sigmoid", "Mul"]  # layers with weights, and SiLU; attention and norms stay float32


class _Images(CalibrationDataReader):
    """Calibration images as the model takes them; the quantizer asks for one range of them after the other."""

    def __init__(self, model: ModelProto, inputs: Sequence[Tensor], transform: InputTransform) -> None:
        feed = model.graph.input[0]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(feed.type.tensor_type.elem_type)
        self._feeds = [{feed.name: _pixels(each, transform).astype(dtype)} for each in inputs]
        self.set_range(0, len(inputs))

    def __len__(self) -> int:
        return len(self._feeds)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._next = iter(self._feeds[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._next, None)


def quantize_layers(
    model: ModelProto, inputs: Sequence[Tensor], transform: InputTransform, *, range_method: str, spared: int
) -> ModelProto:
    """The model with int8 weights, a scale for each output channel, and uint8 activations around them.

    The weights keep to 7 bits, -64..64: x86 CPUs without VNNI add products in pairs as int16, where 8 bits overflow.

    Args:
        model: float32.
        inputs: what the network takes, [1, 3, H, W] each; the values they lead to give the ranges.
        transform: that led to them from RGB 0..255.
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
            _Images(model, inputs, transform),
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


def _pixels(values: Tensor, transform: InputTransform) -> np.ndarray:
    """The network's input [1, 3, H, W] -> the RGB 0..255 it was made from [1, H, W, 3]."""
    rgb = values.flip(1) if transform.color_order == "BGR" else values
    return (rgb / transform.scale).round().permute(0, 2, 3, 1).numpy()
