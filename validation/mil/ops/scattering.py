"""Values put in by index.

Uncertain: with the same index twice, mode "update" leaves it open which value stays; here the last one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..registry import op
from .gathering import checked

_MODES: dict[str, Callable[..., None]] = {
    "add": np.add.at,
    "sub": np.subtract.at,
    "mul": np.multiply.at,
    "div": np.divide.at,
    "max": np.maximum.at,
    "min": np.minimum.at,
}


@op("scatter")
def scatter(
    data: Tensor, indices: Tensor, updates: Tensor, axis: int = 0, mode: str = "add", validate_indices: bool = False
) -> Tensor:
    """data with updates [..., *indices, ...] put along an axis. iOS15 on; without a mode they are added."""
    position = axis % data.ndim
    index = checked(indices, data.shape[position], validate_indices).reshape(-1)
    rows = updates.flatten(position, position + indices.ndim - 1) if indices.ndim else updates.unsqueeze(position)
    result = data.clone().movedim(position, 0).contiguous()
    _put(result, (index,), rows.movedim(position, 0), mode)
    return result.movedim(0, position)


@op("scatter_along_axis")
def scatter_along_axis(
    data: Tensor, indices: Tensor, updates: Tensor, axis: int = 0, mode: str = "add", validate_indices: bool = False
) -> Tensor:
    """data with each update put at its index along an axis and at its own place along the others. iOS15 on."""
    position = axis % data.ndim
    places = list(torch.meshgrid(*map(torch.arange, indices.shape), indexing="ij"))
    places[position] = checked(indices, data.shape[position], validate_indices)
    result = data.clone()
    _put(result, tuple(places), updates, mode)
    return result


@op("scatter_nd")
def scatter_nd(
    data: Tensor, indices: Tensor, updates: Tensor, mode: str = "add", validate_indices: bool = False
) -> Tensor:
    """data with updates put at the positions that the last axis of indices spells. iOS15 on."""
    places = tuple(checked(index, size, validate_indices) for index, size in zip(indices.unbind(-1), data.shape))
    result = data.clone()
    _put(result, places, updates, mode)
    return result


def _put(result: Tensor, places: tuple[Tensor, ...], updates: Tensor, mode: str) -> None:
    """Change `result` in place."""
    array, where, values = result.numpy(), tuple(place.numpy() for place in places), updates.to(result.dtype).numpy()
    if mode == "update":
        array[where] = values
    elif mode in _MODES:
        # unbuffered: an index that comes twice counts twice
        _MODES[mode](array, where, values)
    else:
        raise ValueError(f"unknown mode {mode!r}")
