"""Parts of tensors, and parts replaced."""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import Bools, Ints, op


@op("slice_by_index", exact=True)
def slice_by_index(
    x: Tensor,
    begin: Ints,
    end: Ints,
    stride: Ints | None = None,
    begin_mask: Bools | None = None,
    end_mask: Bools | None = None,
    squeeze_mask: Bools | None = None,
) -> Tensor:
    """x[begin : end : stride] of every axis, as NumPy reads it. iOS15 on.

    A mask ignores the begin or end of its axis; a squeezed axis keeps the one value at begin.
    """
    where = _slices(x, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    if all(isinstance(part, int) or part.step > 0 for part in where):
        return x[where]
    return torch.from_numpy(x.numpy()[where].copy())  # torch refuses negative steps


@op("slice_update", exact=True)
def slice_update(
    x: Tensor,
    update: Tensor,
    begin: Ints,
    end: Ints,
    stride: Ints | None = None,
    begin_mask: Bools | None = None,
    end_mask: Bools | None = None,
    squeeze_mask: Bools | None = None,
) -> Tensor:
    """x with the part that slice_by_index would take replaced by `update`. iOS18 on."""
    result = x.numpy().copy()
    result[_slices(x, begin, end, stride, begin_mask, end_mask, squeeze_mask)] = update.numpy()
    return torch.from_numpy(result)


@op("slice_by_size", exact=True)
def slice_by_size(x: Tensor, begin: Ints, size: Ints) -> Tensor:
    """`size` values from `begin` on, of every axis; size -1: all that follow. iOS15 on."""
    for axis, (first, wanted) in enumerate(zip(begin, size)):
        first = first % x.shape[axis] if first < 0 else first
        x = x.narrow(axis, first, x.shape[axis] - first if wanted == -1 else wanted)
    return x


@op("crop", exact=True)
def crop(x: Tensor, crop_height: Ints, crop_width: Ints) -> Tensor:
    """The last two axes without their first and last values: [first, last] of each. iOS15 on."""
    (top, bottom), (left, right) = crop_height, crop_width
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def _slices(
    x: Tensor,
    begin: Ints,
    end: Ints,
    stride: Ints | None,
    begin_mask: Bools | None,
    end_mask: Bools | None,
    squeeze_mask: Bools | None,
) -> tuple[slice | int, ...]:
    no = [False] * x.ndim
    return tuple(
        first if squeezed else slice(None if from_start else first, None if to_end else last, step)
        for first, last, step, from_start, to_end, squeezed in zip(
            begin, end, stride or [1] * x.ndim, begin_mask or no, end_mask or no, squeeze_mask or no
        )
    )
