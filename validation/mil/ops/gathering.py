"""Values picked by index. Negative indices count from the end; an index outside of its axis is an error here.

iOS17 lets validate_indices=False leave such an index undefined; the parameter is accepted and has no effect.
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
    index = from_end(indices, x.shape[position])
    if batch_dims == 0:
        shape = [*x.shape[:position], *index.shape, *x.shape[position + 1 :]]
        return x.index_select(position, index.reshape(-1)).reshape(shape)
    batch = x.shape[:batch_dims]
    pairs = zip(x.flatten(0, batch_dims - 1), index.flatten(0, batch_dims - 1))
    return torch.stack([gather(one, its, position - batch_dims) for one, its in pairs]).unflatten(0, batch)


@op("gather_along_axis", exact=True)
def gather_along_axis(x: Tensor, indices: Tensor, axis: int = 0, validate_indices: bool = False) -> Tensor:
    """One value for each index, at the index's own place along the other axes. iOS15 on."""
    position = axis % x.ndim
    shape = list(x.shape)
    shape[position] = -1
    return x.gather(position, from_end(indices, x.shape[position]).expand(shape))


@op("gather_nd", exact=True)
def gather_nd(x: Tensor, indices: Tensor, batch_dims: int = 0, validate_indices: bool = False) -> Tensor:
    """Slices of x at the positions that the last axis of indices spells. iOS15 on; batch_dims from iOS16 on."""
    if batch_dims:
        batch = x.shape[:batch_dims]
        pairs = zip(x.flatten(0, batch_dims - 1), indices.flatten(0, batch_dims - 1))
        return torch.stack([gather_nd(one, its) for one, its in pairs]).unflatten(0, batch)
    return x[tuple(from_end(index, size) for index, size in zip(indices.unbind(-1), x.shape))]


def from_end(indices: Tensor, size: int) -> Tensor:
    """int64 indices >= 0; IndexError for those outside of the axis."""
    index = indices.long()
    index = torch.where(index < 0, index + size, index)
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < size:
        raise IndexError(f"an index lies outside of an axis of size {size}")
    return index
