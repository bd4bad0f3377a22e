"""Pooling."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import Ints, op
from .padding import Pads, pad_last_axes, window_padding

_MAX_POOL = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
_AVG_POOL = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


@op("max_pool", exact=True)
def max_pool(
    x: Tensor,
    kernel_sizes: Ints,
    strides: Ints | None = None,
    pad_type: str = "valid",
    pad: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Largest value in each window of x [N, C, *D]; padding never wins. iOS15 on."""
    strides = strides or [1] * len(kernel_sizes)
    _, pads = _padding(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    return _MAX_POOL[len(kernel_sizes) - 1](pad_last_axes(x, pads, -math.inf), kernel_sizes, strides)


@op("avg_pool")
def avg_pool(
    x: Tensor,
    kernel_sizes: Ints,
    strides: Ints | None = None,
    pad_type: str = "valid",
    pad: Ints | None = None,
    exclude_padding_from_average: bool = False,
    ceil_mode: bool = False,
) -> Tensor:
    """Mean of each window of x [N, C, *D]. iOS15 on.

    Zeros of the padding count unless excluded; positions that only ceil_mode adds never count.
    """
    strides = strides or [1] * len(kernel_sizes)
    asked, pads = _padding(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    counted = torch.ones(1, 1, *x.shape[2:])
    if exclude_padding_from_average:
        counted = pad_last_axes(counted, pads)
    else:
        beyond = [(0, both[1] - once[1]) for once, both in zip(asked, pads)]
        counted = pad_last_axes(pad_last_axes(counted, asked, 1.0), beyond)
    mean = _AVG_POOL[len(kernel_sizes) - 1]
    return mean(pad_last_axes(x, pads), kernel_sizes, strides) / mean(counted, kernel_sizes, strides)


@op("l2_pool")
def l2_pool(
    x: Tensor,
    kernel_sizes: Ints,
    strides: Ints | None = None,
    pad_type: str = "valid",
    pad: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Square root of the sum of squares of each window of x [N, C, *D]. iOS15 on."""
    strides = strides or [1] * len(kernel_sizes)
    _, pads = _padding(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    means = _AVG_POOL[len(kernel_sizes) - 1](pad_last_axes(x.square(), pads), kernel_sizes, strides)
    return torch.sqrt(means * math.prod(kernel_sizes))


def _padding(
    x: Tensor, kernel: Ints, strides: Ints, pad_type: str, pad: Ints | None, ceil_mode: bool
) -> tuple[Pads, Pads]:
    """The padding asked for, and that which gives every window all of its positions, in ceil_mode the last too.

    With ceil_mode, a last window that would begin behind input and front padding is dropped, as in PyTorch.
    """
    asked = window_padding(pad_type, pad, x.shape[2:], kernel, strides, [1] * len(kernel))
    if not ceil_mode:
        return asked, asked
    pads = []
    for size, taps, stride, (before, after) in zip(x.shape[2:], kernel, strides, asked):
        windows = math.ceil((size + before + after - taps) / stride) + 1
        if (windows - 1) * stride >= size + before and before + after > 0:
            windows -= 1
        pads.append((before, max(after, (windows - 1) * stride + taps - size - before)))
    return asked, pads
