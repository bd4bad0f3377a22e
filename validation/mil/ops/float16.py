"""Precision.FLOAT16_ACCUMULATE: every product and every partial sum rounded, in the order of the inputs.

torch's elementwise operations on half tensors round each result once, which is what makes these loops mean what they
say; its convolutions and matrix products accumulate in float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import Ints


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """[..., M, K] @ [..., K, N], as float32 tensors of float16 values."""
    x, y = x.half(), y.half()
    total = x[..., :1] * y[..., :1, :]
    for k in range(1, x.shape[-1]):
        total = total + x[..., k : k + 1] * y[..., k : k + 1, :]
    return total.float()


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, strides: Ints, dilations: Ints, groups: int) -> Tensor:
    """x [N, C, H, W], already padded; weight [O, C / groups, kH, kW]."""
    x, weight = x.half(), weight.half()
    batch, channels, height, width = x.shape
    outputs, group_channels, rows, columns = weight.shape
    out_height = (height - (rows - 1) * dilations[0] - 1) // strides[0] + 1
    out_width = (width - (columns - 1) * dilations[1] - 1) // strides[1] + 1
    x = x.reshape(batch, groups, channels // groups, height, width)
    weight = weight.reshape(groups, outputs // groups, group_channels, rows, columns)
    total = torch.zeros(batch, groups, outputs // groups, out_height, out_width, dtype=torch.float16)
    for row in range(rows):
        for column in range(columns):
            top, left = row * dilations[0], column * dilations[1]
            bottom = top + (out_height - 1) * strides[0] + 1
            right = left + (out_width - 1) * strides[1] + 1
            window = x[..., top : bottom : strides[0], left : right : strides[1]]  # [N, groups, C / groups, H', W']
            for channel in range(group_channels):
                factor = weight[:, :, channel, row, column, None, None]  # [groups, O / groups, 1, 1]
                total = total + window[:, :, channel, None] * factor
    total = total.reshape(batch, outputs, out_height, out_width)
    return (total if bias is None else total + bias.half()[:, None, None]).float()
