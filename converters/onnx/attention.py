"""Multi-head attention as one operator that torch.export keeps whole, and the ONNX node it becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from onnxscript import opset23
from torch import Tensor
from torch.nn import functional

WHOLE_FROM = 23  # the first opset with an operation for it


def attend(qkv: Tensor, heads: int, scale: float) -> Tensor:
    """Query, key and value [S, N, 3*D] of S sequences -> [S, N, D]; scale: of the scores."""
    sequences, length, width = qkv.shape
    split = qkv.reshape(-1, length, 3 * heads, width // (3 * heads)).transpose(1, 2)
    query, key, value = split.chunk(3, dim=1)  # [S, h, N, d]
    scores = torch.matmul(query, key.transpose(-1, -2))  # [S, h, N, N]
    weights = functional.softmax(scores if scale == 1 else scores * scale, dim=-1)
    return torch.matmul(weights, value).transpose(1, 2).reshape(-1, length, width // 3)


@torch.library.custom_op("mobilevit_edge_kit::attention", mutates_args=())
def attention(qkv: Tensor, heads: int, scale: float) -> Tensor:
    """`attend`, whole."""
    return attend(qkv, heads, scale)


@attention.register_fake
def _(qkv: Tensor, heads: int, scale: float) -> Tensor:
    return qkv.new_empty(*qkv.shape[:2], qkv.shape[2] // 3)


def _write(qkv: Any, heads: int, scale: float) -> Any:
    query, key, value = opset23.Split(qkv, axis=-1, num_outputs=3)
    # Of its four results the first is the answer.
    return opset23.Attention(query, key, value, q_num_heads=heads, kv_num_heads=heads, scale=scale)[0]


TRANSLATIONS: dict[Callable[..., Any], Callable[..., Any]] = {torch.ops.mobilevit_edge_kit.attention.default: _write}
