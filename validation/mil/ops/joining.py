"""Several tensors into one, one into several. All from iOS15 on."""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import Ints, Tensors, op


@op("concat", exact=True)
def concat(values: Tensors, axis: int, interleave: bool = False) -> Tensor:
    """One after the other along an axis, or with `interleave` one value of each in turn."""
    values = [value.reshape(1) if value.ndim == 0 else value for value in values]
    if not interleave:
        return torch.cat(values, axis)
    position = axis % values[0].ndim
    return torch.stack(values, position + 1).flatten(position, position + 1)


@op("stack", exact=True)
def stack(values: Tensors, axis: int) -> Tensor:
    """Along a new axis."""
    return torch.stack(values, axis)


@op("split", exact=True)
def split(x: Tensor, axis: int, num_splits: int | None = None, split_sizes: Ints | None = None) -> tuple[Tensor, ...]:
    """Parts of the given sizes along an axis, or as many equal ones."""
    if split_sizes is None:
        if not num_splits or x.shape[axis] % num_splits:
            raise ValueError(f"axis {axis} of {list(x.shape)} cannot be split into {num_splits} equal parts")
        split_sizes = [x.shape[axis] // num_splits] * num_splits
    return tuple(torch.split(x, split_sizes, axis))
