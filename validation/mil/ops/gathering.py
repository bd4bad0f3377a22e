"""Values picked by index.

A negative index counts from the end, unless validate_indices (iOS17 on) forbids it. Uncertain: what an index outside
of its axis does; Apple calls it undefined, here it is an error.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import op


@op("gather", exact=True)
def gather(x: Tensor, indices: Tensor, axis: int = 0, batch_dims: int = 0, validate_indices: bool = False) -> Tensor:
    """Slices of x along an axis: [..., *indices, ...]. iOS15 on; batch_dims from iOS16 on.

    The first batch_dims axes are common to x and indices.
    """
    position = axis % x.ndim
    index = checked(indices, x.shape[position], validate_indices)
    if batch_dims == 0:
        shape = [*x.shape[:position], *index.shape, *x.shape[position + 1 :]]
        return x.index_select(position, index.reshape(-1)).reshape(shape)
    batch = x.shape[:batch_dims]
    pairs = zip(x.flatten(0, batch_dims - 1), index.flatten(0, batch_dims - 1))
    return torch.stack([gather(one, its, position - batch_dims, 0, validate_indices) for one, its in pairs]).unflatten(
        0, batch
    )


@op("gather_along_axis", exact=True)
def gather_along_axis(x: Tensor, indices: Tensor, axis: int = 0, validate_indices: bool = False) -> Tensor:
    """One value for each index, at the index's own place along the other axes. iOS15 on."""
    position = axis % x.ndim
    shape = list(x.shape)
    shape[position] = -1
    return x.gather(position, checked(indices, x.shape[position], validate_indices).expand(shape))


@op("gather_nd", exact=True)
def gather_nd(x: Tensor, indices: Tensor, batch_dims: int = 0, validate_indices: bool = False) -> Tensor:
    """Slices of x at the positions that the last axis of indices spells. iOS15 on; batch_dims from iOS16 on."""
    if batch_dims:
        batch = x.shape[:batch_dims]
        pairs = zip(x.flatten(0, batch_dims - 1), indices.flatten(0, batch_dims - 1))
        return torch.stack([gather_nd(one, its, 0, validate_indices) for one, its in pairs]).unflatten(0, batch)
    return x[tuple(checked(index, size, validate_indices) for index, size in zip(indices.unbind(-1), x.shape))]


def checked(indices: Tensor, size: int, validate: bool) -> Tensor:
    """int64 indices >= 0; IndexError for those outside of the axis, with `validate` for negative ones too."""
    index = indices.long()
    if not validate:
        index = torch.where(index < 0, index + size, index)
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < size:
        raise IndexError(f"an index lies outside of an axis of size {size}")
    return index
