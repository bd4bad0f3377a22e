"""Images in other sizes. Nothing here antialiases, nor does Core ML."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..registry import Ints, op


def grid(size: int, wanted: int, mode: str) -> Tensor:
    """Where `wanted` samples lie among `size` values: float64 in 0..size-1, by coremltools' formulas.

    Raises:
        ValueError: for an unknown sampling mode.
    """
    return stretch(size - 1.0, wanted, mode).clamp(0, size - 1)


def stretch(last: float, wanted: int, mode: str) -> Tensor:
    """As `grid`, for a stretch from 0 to `last`, which need not be whole; not clamped."""
    index, size = torch.arange(wanted, dtype=torch.float64), last + 1
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        if wanted > 1:
            return index * (last / (wanted - 1))
        return index if mode == "STRICT_ALIGN_CORNERS" else index + last / 2
    if mode == "DEFAULT":
        return index * (size / wanted)
    if mode == "OFFSET_CORNERS":
        return (index + 0.5) * (max(1.0, last) / wanted)
    if mode == "UNALIGN_CORNERS":
        return (index + 0.5) * (size / wanted) - 0.5
    raise ValueError(f"unknown sampling mode {mode!r}")


def linear_along(x: Tensor, positions: Tensor, axis: int) -> Tensor:
    """Values of x between two neighbours along an axis, in proportion to the distance."""
    low = positions.floor().long()
    high = (low + 1).clamp(max=x.shape[axis] - 1)
    shape = [1] * x.ndim
    shape[axis] = -1
    weight = (positions - low).reshape(shape).to(x.dtype if x.is_floating_point() else torch.float64)
    first, second = x.index_select(axis, low), x.index_select(axis, high)
    return (first + (second - first) * weight).to(x.dtype)


@op("resize_bilinear")
def resize_bilinear(
    x: Tensor, target_size_height: int = 1, target_size_width: int = 1, sampling_mode: str = "DEFAULT"
) -> Tensor:
    """The last two axes, bilinearly, in five sampling modes. iOS15 and iOS16; iOS17's is resize."""
    return _bilinear(x, target_size_height, target_size_width, sampling_mode)


@op("upsample_bilinear")
def upsample_bilinear(
    x: Tensor,
    scale_factor_height: float = 1.0,
    scale_factor_width: float = 1.0,
    align_corners: bool = True,
    half_pixel_centers: bool | None = None,
) -> Tensor:
    """The last two axes times a factor, bilinearly. iOS15 on; half_pixel_centers from iOS16 on.

    The grid follows from the sizes, not from the factors, as PyTorch's recompute_scale_factor does.
    """
    unaligned = "DEFAULT" if half_pixel_centers is False else "UNALIGN_CORNERS"
    mode = "STRICT_ALIGN_CORNERS" if align_corners else unaligned
    return _bilinear(x, _scaled(x.shape[-2], scale_factor_height), _scaled(x.shape[-1], scale_factor_width), mode)


@op("resize_nearest_neighbor", exact=True)
def resize_nearest_neighbor(x: Tensor, target_size_height: int, target_size_width: int) -> Tensor:
    """The last two axes, of each position floor(i * size / wanted).

    iOS15 and iOS16. Uncertain: documented only as nearest neighbour; iOS17's resize rounds instead.
    """
    for axis, wanted in ((-2, target_size_height), (-1, target_size_width)):
        positions = (torch.arange(wanted) * x.shape[axis]).div(wanted, rounding_mode="floor")
        x = x.index_select(axis, positions)
    return x


@op("upsample_nearest_neighbor", exact=True)
def upsample_nearest_neighbor(x: Tensor, scale_factor_height: float = 1.0, scale_factor_width: float = 1.0) -> Tensor:
    """As resize_nearest_neighbor, to floor(size * factor). iOS15 on."""
    return resize_nearest_neighbor(
        x, _scaled(x.shape[-2], scale_factor_height), _scaled(x.shape[-1], scale_factor_width)
    )


@op("resize")
def resize(
    x: Tensor, shape: Ints, resized_dims: int, interpolation_mode: str = "LINEAR", sampling_mode: str = "DEFAULT"
) -> Tensor:
    """The last `resized_dims` axes, linearly or to the nearest value, to the last sizes of `shape`; 0 keeps a size.

    iOS17 on. Uncertain: nearest takes floor(position + 0.5) of the same grid; ties are Apple's secret.
    """
    for axis, wanted in zip(range(-resized_dims, 0), shape[len(shape) - resized_dims :]):
        size = x.shape[axis]
        positions = grid(size, wanted or size, sampling_mode)
        if interpolation_mode == "NEAREST_NEIGHBOR":
            x = x.index_select(axis, (positions + 0.5).floor().long().clamp(max=size - 1))
        elif interpolation_mode == "LINEAR":
            x = linear_along(x, positions, x.ndim + axis)
        else:
            raise ValueError(f"unknown interpolation mode {interpolation_mode!r}")
    return x


def _bilinear(x: Tensor, height: int, width: int, mode: str) -> Tensor:
    x = linear_along(x, grid(x.shape[-2], height, mode), x.ndim - 2)
    return linear_along(x, grid(x.shape[-1], width, mode), x.ndim - 1)


def _scaled(size: int, factor: float) -> int:
    """The product in float32, as the factor is stored: 1.1 * 10 must not become 10.999."""
    return math.floor(np.float32(factor) * np.float32(size))
