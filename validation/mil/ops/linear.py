"""Matrix products."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import Arithmetic, Tensors, op
from .float16 import matmul as matmul_in_float16


@op("linear")
def linear(x: Tensor, weight: Tensor, arithmetic: Arithmetic, bias: Tensor | None = None) -> Tensor:
    """x [..., K] times the transpose of weight [N, K], plus bias [N]. iOS15 on; of different types from iOS17 on."""
    x, weight = _alike(x, weight, arithmetic)
    if arithmetic.accumulate_fp16:
        y = matmul_in_float16(x, weight.T)
        return y if bias is None else y + bias
    return F.linear(x, weight, bias if bias is None else bias.to(x.dtype))


@op("matmul")
def matmul(
    x: Tensor, y: Tensor, arithmetic: Arithmetic, transpose_x: bool = False, transpose_y: bool = False
) -> Tensor:
    """x @ y over the last two axes, others broadcast; a vector counts as a row or a column.

    iOS15 on; x and y of different types from iOS17 on.
    """
    x, y = _alike(x, y, arithmetic)
    if transpose_x and x.ndim > 1:
        x = x.transpose(-1, -2)
    if transpose_y and y.ndim > 1:
        y = y.transpose(-1, -2)
    if arithmetic.accumulate_fp16 and x.ndim > 1 and y.ndim > 1:
        return matmul_in_float16(x, y)
    return x @ y


@op("einsum")
def einsum(values: Tensors, equation: str) -> Tensor:
    """Einstein summation. iOS15 on; Apple documents products of two tensors that amount to a batched matmul."""
    return torch.einsum(equation.replace(" ", ""), *values)


@op("scaled_dot_product_attention")
def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None) -> Tensor:
    """softmax(query keyᵀ / sqrt(E) + mask) value, with [B, ..., L, E], [B, ..., S, E], [B, ..., S, EV]. iOS18 on.

    A boolean mask drops the scores where it is false. Uncertain: whether devices round the scores in between.
    """
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    return torch.softmax(scores, -1) @ value


def _alike(x: Tensor, y: Tensor, arithmetic: Arithmetic) -> tuple[Tensor, Tensor]:
    """Both in the result's type, which is that of the argument computed while running; constants follow it."""
    return x.to(arithmetic.carrier), y.to(arithmetic.carrier)
