"""Activation functions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import op


@op("relu", exact=True)
def relu(x: Tensor) -> Tensor:
    """max(x, 0). iOS15 on."""
    return torch.relu(x)


@op("relu6", exact=True)
def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6). iOS15 on."""
    return x.clamp(0, 6)


@op("clamped_relu")
def clamped_relu(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """min(beta, x) for x >= 0, else min(beta, alpha x). iOS15 on."""
    return torch.minimum(torch.where(x >= 0, x, alpha * x), beta)


@op("elu")
def elu(x: Tensor, alpha: Tensor) -> Tensor:
    """x for x > 0, else alpha (exp(x) - 1). iOS15 on."""
    return torch.where(x > 0, x, alpha * torch.expm1(x))


@op("gelu")
def gelu(x: Tensor, mode: str = "EXACT") -> Tensor:
    """x times the normal distribution function: exact, by tanh, or by a sigmoid. iOS15 on."""
    if mode == "EXACT":
        return F.gelu(x)
    if mode == "TANH_APPROXIMATION":
        return F.gelu(x, approximate="tanh")
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    raise ValueError(f"unknown mode {mode!r}")


@op("leaky_relu")
def leaky_relu(x: Tensor, alpha: Tensor) -> Tensor:
    """x for x >= 0, else alpha x. iOS15 on."""
    return torch.where(x >= 0, x, alpha * x)


@op("linear_activation")
def linear_activation(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """alpha x + beta. iOS15 on."""
    return alpha * x + beta


@op("prelu")
def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """x for x > 0, else alpha x, with an alpha [C] of each channel (axis 1). iOS15 on."""
    return torch.where(x > 0, x, _per_channel(alpha, x) * x)


@op("scaled_tanh")
def scaled_tanh(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """alpha tanh(beta x). iOS15 on."""
    return alpha * torch.tanh(beta * x)


@op("sigmoid")
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)). iOS15 on. Uncertain: Apple's approximation of exp."""
    return torch.sigmoid(x)


@op("sigmoid_hard")
def sigmoid_hard(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """min(max(alpha x + beta, 0), 1). iOS15 on."""
    return (alpha * x + beta).clamp(0, 1)


@op("silu")
def silu(x: Tensor) -> Tensor:
    """x sigmoid(x). iOS15 on. Uncertain: whether devices round the sigmoid in between."""
    return F.silu(x)


@op("softplus")
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)). iOS15 on. Where exp would overflow, its limit x."""
    return torch.logaddexp(x, torch.zeros_like(x))


@op("softplus_parametric")
def softplus_parametric(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """alpha log(1 + exp(beta x)), with alpha and beta [C] of each channel (axis 1). iOS15 on."""
    return _per_channel(alpha, x) * softplus(_per_channel(beta, x) * x)


@op("softsign")
def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|). iOS15 on."""
    return F.softsign(x)


@op("thresholded_relu", exact=True)
def thresholded_relu(x: Tensor, alpha: Tensor) -> Tensor:
    """x for x >= alpha, else 0. iOS15 on."""
    return torch.where(x >= alpha, x, torch.zeros_like(x))


@op("softmax")
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x) normalised to sum 1 along `axis`. iOS15 on. Uncertain: whether devices sum in float16."""
    return torch.softmax(x, axis)


def _per_channel(parameter: Tensor, x: Tensor) -> Tensor:
    """[C] -> [C, 1, ...], to be broadcast along axis 1 of x."""
    return parameter.reshape(-1, *[1] * (x.ndim - 2))
