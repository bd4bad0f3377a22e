"""Padding: of operations with windows, and the operation `pad`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import Ints, op

Pads = list[tuple[int, int]]  # (before, after) of each axis


def window_padding(
    pad_type: str, pad: Ints | None, sizes: Sequence[int], kernel: Sequence[int], strides: Ints, dilations: Ints
) -> Pads:
    """Padding of the spatial axes of a convolution or pooling.

    "same" and "same_lower" pad so that the result has ceil(size / stride) positions; of an odd number, "same" puts one
    more behind, "same_lower" one more in front.

    Raises:
        ValueError: for an unknown `pad_type`.
    """
    if pad_type == "valid":
        return [(0, 0)] * len(kernel)
    if pad_type == "custom":
        assert pad is not None
        return list(zip(pad[0::2], pad[1::2]))
    if pad_type not in ("same", "same_lower"):
        raise ValueError(f"unknown pad_type {pad_type!r}")
    pads = []
    for size, taps, stride, dilation in zip(sizes, kernel, strides, dilations):
        reach = (taps - 1) * dilation + 1
        total = max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
        less, more = total // 2, total - total // 2
        pads.append((less, more) if pad_type == "same" else (more, less))
    return pads


def pad_last_axes(x: Tensor, pads: Pads, value: float = 0.0) -> Tensor:
    """Pad the last len(pads) axes with a constant."""
    flat = [amount for pair in reversed(pads) for amount in pair]
    return F.pad(x, flat, value=value) if any(flat) else x


@op("pad", exact=True)
def pad(x: Tensor, pad: Ints, mode: str = "constant", constant_val: Tensor | None = None) -> Tensor:
    """Pad the last axes: [before, after] of each in `pad`.

    iOS15 on. mode "constant"; "reflect" about the edge value; "replicate" of the edge value.
    """
    pads = list(zip(pad[0::2], pad[1::2]))
    if mode == "constant":
        return pad_last_axes(x, pads, 0 if constant_val is None else constant_val.item())
    first = x.ndim - len(pads)
    for axis, (before, after) in enumerate(pads, start=first):
        positions = torch.arange(-before, x.shape[axis] + after)
        x = x.index_select(axis, _source(positions, x.shape[axis], mode))
    return x


def _source(positions: Tensor, size: int, mode: str) -> Tensor:
    """Where the values at positions outside of 0..size-1 come from."""
    if mode == "replicate":
        return positions.clamp(0, size - 1)
    if mode == "reflect":
        period = max(2 * (size - 1), 1)
        folded = positions % period
        return torch.minimum(folded, period - folded) if size > 1 else torch.zeros_like(positions)
    raise ValueError(f"unknown mode {mode!r}")
