"""Reductions over axes. An absent `axes` means all of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..registry import Ints, op

Reduction = Callable[[Tensor, Ints, bool], Tensor]


def _mean(x: Tensor, axes: Ints, keep: bool) -> Tensor:
    if x.is_floating_point():
        return x.mean(axes, keepdim=keep)
    total = x.sum(axes, keepdim=keep)
    return torch.div(total, max(1, x.numel() // max(1, total.numel())), rounding_mode="trunc")


def _prod(x: Tensor, axes: Ints, keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


# iOS15 on. Uncertain: devices may sum in float16 and overflow; the mean of integers is cut towards zero here.
_REDUCTIONS: dict[str, Reduction] = {
    "reduce_sum": lambda x, axes, keep: x.sum(axes, keepdim=keep),
    "reduce_mean": _mean,
    "reduce_prod": _prod,
    "reduce_l1_norm": lambda x, axes, keep: x.abs().sum(axes, keepdim=keep),
    "reduce_l2_norm": lambda x, axes, keep: x.double().square().sum(axes, keepdim=keep).sqrt().to(x.dtype),
    "reduce_sum_square": lambda x, axes, keep: x.square().sum(axes, keepdim=keep),
    "reduce_log_sum": lambda x, axes, keep: x.sum(axes, keepdim=keep).log().to(x.dtype),
    "reduce_log_sum_exp": lambda x, axes, keep: x.to(torch.float64).logsumexp(axes, keepdim=keep).to(x.dtype),
}
_EXACT: dict[str, Reduction] = {
    "reduce_max": lambda x, axes, keep: x.amax(axes, keepdim=keep),
    "reduce_min": lambda x, axes, keep: x.amin(axes, keepdim=keep),
}


def _register(name: str, function: Reduction, exact: bool) -> None:
    @op(name, exact=exact)
    def reduction(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
        if x.ndim == 0:
            return function(x[None], [0], False)
        positions = list(range(x.ndim)) if axes is None else [axis % x.ndim for axis in axes]
        return function(x, positions, keep_dims)


for _name, _function in _REDUCTIONS.items():
    _register(_name, _function, exact=False)
for _name, _function in _EXACT.items():
    _register(_name, _function, exact=True)


@op("reduce_argmax")
def reduce_argmax(x: Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32") -> Tensor:
    """Index of the largest value. iOS15 on; `output_dtype` int32 or uint16 from iOS17 on.

    Uncertain: which of equal values Apple takes, and what NaN does; here the first one, and NaN wins.
    """
    return _first(x, axis, keep_dims, torch.eq(x, x.amax(axis, keepdim=True)) | torch.isnan(x))


@op("reduce_argmin")
def reduce_argmin(x: Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32") -> Tensor:
    """Index of the smallest value; as reduce_argmax."""
    return _first(x, axis, keep_dims, torch.eq(x, x.amin(axis, keepdim=True)) | torch.isnan(x))


def _first(x: Tensor, axis: int, keep: bool, chosen: Tensor) -> Tensor:
    """The first index along `axis` that is chosen; torch's argmax promises no order among equal values."""
    size = x.shape[axis] if x.ndim else 1
    shape = [1] * x.ndim
    if shape:
        shape[axis] = size
    indices = torch.where(chosen, torch.arange(size, dtype=torch.int32).reshape(shape), size)
    return indices.amin(axis, keepdim=keep) if x.ndim else indices
