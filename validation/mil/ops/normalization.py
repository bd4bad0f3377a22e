"""Normalisations."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import Ints, op


@op("layer_norm")
def layer_norm(
    x: Tensor,
    axes: Ints | None = None,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta over `axes` (None: all). iOS15 on.

    Uncertain: on devices the sum of squares may overflow float16; here it is a float32.
    """
    positions = sorted(axis % x.ndim for axis in axes) if axes else list(range(x.ndim))
    if positions == list(range(x.ndim - len(positions), x.ndim)):
        return F.layer_norm(x, x.shape[-len(positions) :], gamma, beta, epsilon)
    centred = x - x.mean(positions, keepdim=True)
    y = centred * torch.rsqrt(centred.square().mean(positions, keepdim=True) + epsilon)
    shape = [size if axis in positions else 1 for axis, size in enumerate(x.shape)]
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


@op("instance_norm")
def instance_norm(x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-5) -> Tensor:
    """Each channel of each image of x [N, C, *D] normalised over *D, times gamma [C] plus beta [C]. iOS15 on."""
    axes = list(range(2, x.ndim))
    centred = x - x.mean(axes, keepdim=True)
    y = centred * torch.rsqrt(centred.square().mean(axes, keepdim=True) + epsilon)
    return _affine(y, gamma, beta)


@op("batch_norm")
def batch_norm(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta, all [C], of x [N, C, *D]. iOS15 on."""
    scale = torch.rsqrt(_per_channel(variance, x) + epsilon)
    return _affine((x - _per_channel(mean, x)) * scale, gamma, beta)


@op("l2_norm")
def l2_norm(x: Tensor, epsilon: float = 1e-6) -> Tensor:
    """x / sqrt(sum of squares over the last three axes + epsilon). iOS15 on."""
    return x / torch.sqrt(x.square().sum((-3, -2, -1), keepdim=True) + epsilon)


@op("local_response_norm")
def local_response_norm(x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha / size * sum of squares over neighbouring channels) ** beta. iOS15 on.

    Uncertain: which channels an even `size` takes, here one more in front, as PyTorch; and that values coremltools
    recorded for rank 3 lack all neighbours.
    """
    squares = F.pad(x.square().movedim(1, -1), (size // 2, (size - 1) // 2))
    sums = squares.unfold(-1, size, 1).sum(-1).movedim(-1, 1)
    return x / (k + alpha / size * sums) ** beta


def _affine(y: Tensor, gamma: Tensor | None, beta: Tensor | None) -> Tensor:
    y = y if gamma is None else y * _per_channel(gamma, y)
    return y if beta is None else y + _per_channel(beta, y)


def _per_channel(parameter: Tensor, x: Tensor) -> Tensor:
    """[C] -> [C, 1, ...], to be broadcast along axis 1 of x."""
    return parameter.reshape(-1, *[1] * (x.ndim - 2))
