"""What a written .mlpackage with compressed weights must show before it is published: that they are as chosen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError

from ..choice import Chosen, Palette
from .lean_import import import_coremltools
from .options import Compression

ct = import_coremltools()

# Steps of a scale that a weight may lie from its choice: one, where a tie was rounded the other way, and what float16
# costs 127 of them. It rounds the largest weight, the scale that follows from it, and their product.
STEPS = 1 + 127 * ((1 + 2**-11) ** 3 - 1)
SPACING = 2.0**-24  # of float16 next to zero


def check(path: Path, compression: Compression, chosen: Mapping[str, Chosen]) -> None:
    """Read the package at `path` from disk, and hold its compressed weights against `chosen`.

    Raises:
        UserError: when a table or a list of scales has another length or values that do not fit, or when a weight has
            not become what was chosen for it.
    """
    stored: dict[tuple[int, ...], list[np.ndarray]] = {}
    for operation in _read(path):
        if operation.op_type.startswith("constexpr_"):
            mistake = _mistake(operation, compression)
            if mistake:
                raise UserError(f"{path.name}: {operation.name}: {mistake}")
            dense = operation.materialized_val_inference().astype(np.float32)
            stored.setdefault(dense.shape, []).append(dense)
    for name, each in chosen.items():
        # By their values, as coremltools renames weights and shares equal ones.
        if not any(_agrees(dense, each) for dense in stored.get(each.dense.shape, [])):
            raise UserError(f"{path.name}: no compressed weight in it is what was chosen for {name}")


def _read(path: Path) -> list[Any]:
    """The operations of the main function, by coremltools' own reader."""
    from coremltools.converters.mil.frontend.milproto.load import load

    model = ct.models.MLModel(str(path), skip_model_load=True)
    spec = model.get_spec()
    return list(load(spec, spec.specificationVersion, model.weights_dir).functions["main"].operations)


def _mistake(operation: Any, compression: Compression) -> str | None:
    """What is wrong with the form of a compressed weight."""
    palette = operation.op_type == "constexpr_lut_to_dense"
    if palette != compression.palette:
        return f"{operation.op_type} in a package of another compression"
    if palette:
        table = operation.lut.val
        if table.size != 2**compression.bits:
            return f"a table of {table.size} values where {2**compression.bits} were asked for"
        return None if np.isfinite(table).all() else "a table with values that are no numbers"
    scales, zero = operation.scale.val, getattr(operation, "zero_point", None) or getattr(operation, "offset", None)
    channels = operation.outputs[0].shape[0]
    if scales.size != channels or getattr(operation, "axis", None) is not None and operation.axis.val != 0:
        return f"{scales.size} scales for {channels} output channels"
    if not (np.isfinite(scales) & (scales >= 0)).all():
        return "scales that are no positive numbers"
    return "a zero point other than 0" if zero is not None and zero.val.any() else None


def _agrees(dense: np.ndarray, chosen: Chosen) -> bool:
    """Whether stored weights are as chosen, but for float16's rounding."""
    if isinstance(chosen, Palette):
        margin = np.abs(chosen.dense) * 2**-11 + SPACING / 2
    else:
        margin = STEPS * chosen.scales + 127 * SPACING / 2
    return bool((np.abs(dense - chosen.dense) <= margin).all())
