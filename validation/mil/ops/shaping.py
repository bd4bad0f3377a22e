"""Other shapes for the same values, and shapes as values. All from iOS15 on unless said otherwise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..registry import Ints, Tensors, op


@op("reshape", exact=True)
def reshape(x: Tensor, shape: Ints) -> Tensor:
    """x in another shape; -1 is what remains, 0 copies x's size at the same place counted from the right.

    iOS15 allows 0 only with as many axes as x has, where it does not matter from which side one counts; iOS17 allows
    it anywhere, 1 where x has no such axis. Of an empty tensor a 0 is a size.
    """
    if 0 in shape and x.numel():
        sizes = [1] * max(0, len(shape) - x.ndim) + list(x.shape)[max(0, x.ndim - len(shape)) :]
        shape = [size if wanted == 0 else wanted for wanted, size in zip(shape, sizes)]
    return x.reshape(shape)


@op("reshape_like", exact=True)
def reshape_like(
    x: Tensor, ref_tensors: Tensors, begins: list[Ints], ends: list[Ints], end_masks: list[Ints]
) -> Tensor:
    """x in a shape put together from parts of other tensors' shapes. iOS16 on."""
    shape: Ints = []
    for reference, (begin,), (end,), (to_end,) in zip(ref_tensors, begins, ends, end_masks):
        shape += reference.shape[begin:] if to_end else reference.shape[begin:end]
    return x.reshape(shape)


@op("transpose", exact=True)
def transpose(x: Tensor, perm: Ints) -> Tensor:
    """Axes in another order."""
    return x.permute(perm)


@op("expand_dims", exact=True)
def expand_dims(x: Tensor, axes: Ints) -> Tensor:
    """New axes of size 1, at their places in the result."""
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


@op("squeeze", exact=True)
def squeeze(x: Tensor, axes: Ints | None = None) -> Tensor:
    """Without the given axes of size 1; without any of them when none is given."""
    if axes is None:
        return x.squeeze()
    for axis in sorted((axis % x.ndim for axis in axes), reverse=True):
        if x.shape[axis] != 1:
            raise ValueError(f"axis {axis} of {list(x.shape)} has not size 1")
        x = x.squeeze(axis)
    return x


@op("flatten2d", exact=True)
def flatten2d(x: Tensor, axis: int = 1) -> Tensor:
    """[sizes before `axis` multiplied, the others multiplied]."""
    position = axis % x.ndim if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:position]), math.prod(x.shape[position:]))


@op("shape")
def shape(x: Tensor) -> Tensor:
    """The shape as int32 [rank]."""
    return torch.tensor(x.shape, dtype=torch.int32)


@op("tile", exact=True)
def tile(x: Tensor, reps: Ints) -> Tensor:
    """x repeated along each axis."""
    return x.repeat(reps)


@op("reverse", exact=True)
def reverse(x: Tensor, axes: Ints | None = None) -> Tensor:
    """Order of values turned around along the axes, along all of them when none is given."""
    return x.flip(list(range(x.ndim)) if axes is None else axes)


@op("reverse_sequence", exact=True)
def reverse_sequence(x: Tensor, lengths: Ints, seq_axis: int = 0, batch_axis: int = 0) -> Tensor:
    """The first lengths[i] values along seq_axis turned around, for each i of batch_axis."""
    rows = x.movedim((batch_axis, seq_axis), (0, 1)).clone()
    for row, length in zip(rows, lengths):
        row[:length] = row[:length].flip(0)
    return rows.movedim((0, 1), (batch_axis, seq_axis))


@op("sliding_windows", exact=True)
def sliding_windows(x: Tensor, axis: int, size: int, stride: int = 1) -> Tensor:
    """Windows along an axis: [..., windows, size, ...]."""
    position = axis % x.ndim
    return x.unfold(position, size, stride).movedim(-1, position + 1)


@op("band_part", exact=True)
def band_part(x: Tensor, lower: int = -1, upper: int = -1) -> Tensor:
    """Last two axes as matrices, zero outside of `lower` diagonals below and `upper` above; -1: all of them."""
    below = torch.arange(x.shape[-2])[:, None] - torch.arange(x.shape[-1])
    inside = ((below <= lower) | (lower < 0)) & ((-below <= upper) | (upper < 0))
    return torch.where(inside, x, torch.zeros_like(x))
