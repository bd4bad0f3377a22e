"""Fewer bits in an ML Program, by coremltools' own passes: of the weights alone, or of the activations too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor
from torch.fx import Node

from reference.errors import UserError

from ..choice import Chosen, Palette, multiples, palette
from ..measure import MAY_TAKE_8_BITS, Range
from ..steps import Change
from .lean_import import import_coremltools
from .options import Compression

ct = import_coremltools()

# Operations that compute on 8-bit activations. The classifier stays in floating point: it is the last, and small.
QUANTIZED_OPERATIONS = ("conv", "add")  # measure.MAY_TAKE_8_BITS, as coremltools calls them


def choose(compression: Compression, weight: np.ndarray) -> Chosen:
    """What becomes of a weight (float32, output channels first)."""
    return palette(weight, compression.bits) if compression.palette else multiples(weight)


def add_passes(
    pipeline: Any,
    compression: Compression,
    weights: Mapping[str, np.ndarray],
    chosen: Mapping[str, Chosen],
    ranges: Mapping[str, Range],
) -> None:
    """Make coremltools' conversion `pipeline` end with a compressed program.

    weights: what `chosen` was chosen for, by the same names. ranges: of activations, where they are compressed too.
    """
    optimize = ct.optimize.coreml
    if compression.activations:
        _quantize_activations(pipeline, ranges)
    how: Any
    if compression.palette:
        how, name = optimize.OpPalettizerConfig(mode="custom", lut_function=_tables(weights, chosen)), "palettize"
    else:
        how, name = optimize.OpLinearQuantizerConfig(mode="linear_symmetric"), "linear_quantize"
    how.weight_threshold = min(each.size for each in weights.values()) - 1  # it takes larger ones
    _append(pipeline, f"compression::{name}_weights", config=optimize.OptimizationConfig(global_config=how))


def rounding(compression: Compression, ranges: Mapping[str, Range]) -> Change:
    """What the compressed program does to a node's result: see `_quantize_activations`."""

    def rounded(node: Node, value: Tensor) -> Tensor:
        if not compression.activations or not any(each.target in MAY_TAKE_8_BITS for each in (node, *node.users)):
            return value
        return ranges[node.name].rounded(value)

    return rounded


def _quantize_activations(pipeline: Any, ranges: Mapping[str, Range]) -> None:
    """Quantize and dequantize around QUANTIZED_OPERATIONS.

    These are the passes of coremltools' `linear_quantize_activations`, which itself measures on a Mac only.
    """
    optimize = ct.optimize.coreml
    config = optimize.OpLinearQuantizerConfig(mode="linear_symmetric")
    config = optimize.OptimizationConfig(op_type_configs=dict.fromkeys(QUANTIZED_OPERATIONS, config))
    for name in ("insert_prefix_quantize_dequantize_pair", "insert_suffix_quantize_dequantize_pair"):
        _append(pipeline, f"compression::{name}", config=config, activation_stats=_by_value_name(ranges))
    _append(pipeline, "common::dequantize_quantize_pair_elimination")


def _append(pipeline: Any, name: str, **options: Any) -> None:
    pipeline.append_pass(name)
    if options:
        pipeline.set_options(name, options)


def _tables(weights: Mapping[str, np.ndarray], chosen: Mapping[str, Chosen]) -> Any:
    """coremltools' lut_function: weight -> (table, indices), both of them looked up by what the weight is."""
    known = {
        weight.astype(dtype).tobytes(): each
        for name, weight in weights.items()
        if isinstance(each := chosen[name], Palette)
        for dtype in (np.float16, np.float32)
    }

    def look_up(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        each = known.get(weight.tobytes())
        if each is None:
            raise UserError(f"coremltools changed a weight {list(weight.shape)}, so that its palette does not fit it")
        return each.table.astype(weight.dtype), each.indices.ravel()

    return look_up


def _by_value_name(ranges: Mapping[str, Range]) -> dict[str, dict[str, float]]:
    """`ranges` in coremltools' form, also under the names that values have after the casts to float16."""
    stats = {}
    for name, range in ranges.items():
        for suffix in ("", "_cast_fp16", "_to_fp16", "__scaled__"):  # the last two: the image
            stats[name + suffix] = {"rmin": -range.end, "rmax": range.end}
    return stats
