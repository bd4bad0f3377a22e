"""Tensors made from numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import Ints, op


@op("fill", exact=True)
def fill(shape: Ints, value: Tensor | None = None) -> Tensor:
    """A tensor of one value, 0 by default. iOS15 on."""
    return (torch.zeros(()) if value is None else value.reshape(())).expand(shape).clone()


@op("fill_like", exact=True)
def fill_like(ref_tensor: Tensor, value: Tensor | None = None) -> Tensor:
    """As fill, in the shape of another tensor. iOS16 on."""
    return fill(list(ref_tensor.shape), value)


@op("range_1d", exact=True)
def range_1d(start: Tensor, end: Tensor, step: Tensor) -> Tensor:
    """start, start + step, ... before end. iOS15 on."""
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


@op("one_hot", exact=True)
def one_hot(
    indices: Tensor,
    one_hot_vector_size: int,
    axis: int = -1,
    on_value: Tensor | None = None,
    off_value: Tensor | None = None,
) -> Tensor:
    """on_value at each index along a new axis, off_value elsewhere; 1 and 0 by default. iOS15 on.

    Uncertain: negative indices; here they are off everywhere.
    """
    on = torch.tensor(1, dtype=torch.int32) if on_value is None else on_value
    off = torch.zeros_like(on) if off_value is None else off_value
    hits = indices[..., None] == torch.arange(one_hot_vector_size)
    return torch.where(hits, on, off).movedim(-1, axis)
