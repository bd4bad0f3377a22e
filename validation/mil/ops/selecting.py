"""Sorting, ranking and finding."""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import op


@op("topk", exact=True)
def topk(
    x: Tensor,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    sort: bool = True,
    return_indices: bool = True,
    output_indices_dtype: str = "int32",
) -> tuple[Tensor, ...]:
    """The k largest (`ascending`: smallest) values and their int32 indices.

    iOS15 on; sort and return_indices from iOS16, output_indices_dtype and a k computed at run time from iOS17 on.
    Uncertain: the order of equal values; here of their indices. Unsorted results come sorted too.
    """
    order = torch.argsort(x, dim=axis, descending=not ascending, stable=True)
    chosen = order.narrow(axis, 0, x.shape[axis] if k == -1 else k)
    values = x.gather(axis, chosen)
    return (values, chosen.int()) if return_indices else (values,)


@op("argsort")
def argsort(x: Tensor, axis: int = -1, ascending: bool = False) -> Tensor:
    """int32 indices that sort x. iOS15 on. Uncertain: the order of equal values; here of their indices."""
    return torch.argsort(x, dim=axis, descending=not ascending, stable=True).int()


@op("non_zero")
def non_zero(x: Tensor) -> Tensor:
    """Positions of the values other than 0, int32 [count, rank]. iOS15 on."""
    return torch.nonzero(x).int()


@op("cumsum")
def cumsum(x: Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Running sums, without the value itself where `exclusive`, from the end where `reverse`. iOS15 on."""
    values = x.flip(axis) if reverse else x
    sums = values.cumsum(axis, dtype=None if x.is_floating_point() else x.dtype)
    if exclusive:  # shifted, not subtracted: subtraction would round
        sums = torch.cat([torch.zeros_like(sums.narrow(axis, 0, 1)), sums.narrow(axis, 0, x.shape[axis] - 1)], axis)
    return sums.flip(axis) if reverse else sums
