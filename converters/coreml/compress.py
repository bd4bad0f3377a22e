"""Fewer bits in an ML Program, by coremltools' own optimisers: of the weights alone, or of the activations too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from .bias_correction import Rounding
from .lean_import import import_coremltools
from .ranges import Range

ct = import_coremltools()

# Tensors of fewer elements stay as they are: depthwise kernels and narrow layers, which save little and matter much.
SMALLEST = 512
# Operations that compute on 8-bit activations. The classifier stays in floating point: it is the last, and small.
QUANTIZED_OPERATIONS = ("conv", "add")
_QUANTIZED = (torch.ops.aten.conv2d.default, torch.ops.aten.add.Tensor)
_CAST = re.compile("_to_fp16.*$")  # what coremltools puts after a parameter's name


@dataclass(frozen=True)
class Compression:
    """What one value of --compress does.

    bits: of each weight; palette: whether they index a table of 2**bits values that k-means chose for the tensor, or
    are multiples of a scale for each output channel; activations: whether they have 8 bits too; needs: the oldest
    deployment target that has the operations.
    """

    bits: int
    palette: bool
    activations: bool
    needs: str


COMPRESSIONS = {
    "int8": Compression(8, palette=False, activations=False, needs="iOS16"),
    "palettize8": Compression(8, palette=True, activations=False, needs="iOS16"),
    "palettize6": Compression(6, palette=True, activations=False, needs="iOS16"),
    "palettize4": Compression(4, palette=True, activations=False, needs="iOS16"),
    "w8a8": Compression(8, palette=False, activations=True, needs="iOS17"),
}


def compress_weights(model: Any, compression: Compression, *, chosen: bool) -> Any:
    """The model with its larger weights compressed.

    chosen: whether they are what compression made of them already, and only need the form; k-means takes its time.
    """
    optimize = ct.optimize.coreml
    if compression.palette:
        how: dict[str, Any] = {"mode": "unique"} if chosen else {"mode": "kmeans", "nbits": compression.bits}
        config = optimize.OpPalettizerConfig(weight_threshold=SMALLEST, **how)
        return optimize.palettize_weights(model, optimize.OptimizationConfig(global_config=config))
    config = optimize.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=SMALLEST)
    return optimize.linear_quantize_weights(model, optimize.OptimizationConfig(global_config=config))


def quantize_activations(pipeline: Any, ranges: Mapping[str, Range]) -> None:
    """Make coremltools' conversion `pipeline` end with quantize and dequantize around QUANTIZED_OPERATIONS.

    These are the passes of coremltools' `linear_quantize_activations`, which itself measures on a Mac only.
    """
    optimize = ct.optimize.coreml
    config = optimize.OpLinearQuantizerConfig(mode="linear_symmetric")
    options = {
        "config": optimize.OptimizationConfig(op_type_configs=dict.fromkeys(QUANTIZED_OPERATIONS, config)),
        "activation_stats": _by_value_name(ranges),
    }
    for name in ("insert_prefix_quantize_dequantize_pair", "insert_suffix_quantize_dequantize_pair"):
        pipeline.append_pass(f"compression::{name}")
        pipeline.set_options(f"compression::{name}", options)
    pipeline.append_pass("common::dequantize_quantize_pair_elimination")


def compressed_weights(model: Any, program: ExportedProgram) -> dict[str, Tensor]:
    """What compression made of the parameters of `program`, by their names there."""
    dense = ct.optimize.coreml.get_weights_metadata(ct.optimize.coreml.decompress_weights(model), SMALLEST)
    values = {_CAST.sub("", name): facts.val for name, facts in dense.items()}
    parameters = program.graph_signature.inputs_to_parameters
    return {
        parameter: torch.from_numpy(values[name].astype(np.float32))
        for name, parameter in parameters.items()
        if name in values
    }


def rounding(compression: Compression, ranges: Mapping[str, Range]) -> Rounding:
    """What the compressed program does to a node's result: see `quantize_activations`."""

    def rounded(node: Node, value: Tensor) -> Tensor:
        if not compression.activations or not any(each.target in _QUANTIZED for each in (node, *node.users)):
            return value
        range = ranges[node.name]
        scale = max(-range.minimum, range.maximum) / 127
        return (value / scale).round().clamp(-127, 127) * scale if scale else value

    return rounded


def _by_value_name(ranges: Mapping[str, Range]) -> dict[str, dict[str, float]]:
    """`ranges` in coremltools' form, also under the names that values have after the casts to float16."""
    stats = {}
    for name, range in ranges.items():
        for suffix in ("", "_cast_fp16", "_to_fp16", "__scaled__"):  # the last two: the image
            stats[name + suffix] = {"rmin": range.minimum, "rmax": range.maximum}
    return stats
