"""Convolutions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from ..registry import Arithmetic, Ints, op
from .float16 import conv2d as conv2d_in_float16
from .padding import pad_last_axes, window_padding

_CONV = (F.conv1d, F.conv2d, F.conv3d)
_CONV_TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


@op("conv")
def conv(
    x: Tensor,
    weight: Tensor,
    arithmetic: Arithmetic,
    bias: Tensor | None = None,
    strides: Ints | None = None,
    pad_type: str = "valid",
    pad: Ints | None = None,
    dilations: Ints | None = None,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of x [N, C_in, *D] with weight [C_out, C_in / groups, *K], of 1 to 3 spatial axes.

    iOS15 on; weights from other operations and pad_type "same_lower" from iOS16 on, mixed types from iOS17 on.
    Uncertain: the order of the sums, and whether devices use Winograd's method, which rounds otherwise.
    """
    rank = x.ndim - 2
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    pads = window_padding(pad_type, pad, x.shape[2:], weight.shape[2:], strides, dilations)
    if arithmetic.accumulate_fp16 and rank == 2:
        return conv2d_in_float16(pad_last_axes(x, pads), weight, bias, strides, dilations, groups)
    symmetric = all(before == after for before, after in pads)
    inner = [before for before, _ in pads] if symmetric else [0] * rank  # torch pads both sides alike, without a copy
    padded = x if symmetric else pad_last_axes(x, pads)
    return _CONV[rank - 1](padded, weight, bias, strides, inner, dilations, groups)


@op("conv_transpose")
def conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    pad: Ints | None = None,
    output_shape: Ints | None = None,
    pad_type: str = "valid",
    strides: Ints | None = None,
    dilations: Ints | None = None,
    groups: int = 1,
) -> Tensor:
    """The gradient of conv with respect to its input: x [N, C_in, *D], weight [C_in, C_out / groups, *K].

    iOS15 on. Padding crops the full result; positions that `output_shape` asks for beyond it hold the bias alone.
    Uncertain: pad_type "same" with an odd crop, here less in front.
    """
    rank = x.ndim - 2
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    y = _CONV_TRANSPOSE[rank - 1](x, weight, None, strides, 0, 0, groups, dilations)
    for axis in range(2, x.ndim):
        full = y.shape[axis]
        before, after = _crop(pad_type, pad, axis - 2, full - x.shape[axis] * strides[axis - 2])
        wanted = output_shape[axis] if output_shape else full - before - after
        missing = [(0, 0)] * (y.ndim - axis)
        missing[0] = (0, max(0, before + wanted - full))
        y = pad_last_axes(y, missing).narrow(axis, before, wanted)
    return y if bias is None else y + bias.reshape(-1, *[1] * rank)


def _crop(pad_type: str, pad: Ints | None, axis: int, surplus: int) -> tuple[int, int]:
    """What to cut from the full result in front and behind."""
    if pad_type == "custom":
        assert pad is not None
        return pad[2 * axis], pad[2 * axis + 1]
    if pad_type in ("same", "same_lower"):
        less = max(0, surplus) // 2
        more = max(0, surplus) - less
        return (less, more) if pad_type == "same" else (more, less)
    return 0, 0
