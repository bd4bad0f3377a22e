"""Core ML operations that PyTorch has no single one for: custom PyTorch operators, and how coremltools writes them.

torch.export keeps a custom operator whole, so that each becomes one operation of the ML Program instead of a chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..channels_first import Form
from .lean_import import import_coremltools

mil = import_coremltools().converters.mil


@torch.library.custom_op("mobilevit_edge_kit::channel_norm", mutates_args=())
def channel_norm(features: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """LayerNorm over the channels of [B, C, H, W]; weight and bias [C]."""
    return (
        functional.layer_norm(features.movedim(1, -1), features.shape[1:2], weight, bias, eps)
        .movedim(-1, 1)
        .contiguous()
    )


@torch.library.custom_op("mobilevit_edge_kit::space_to_depth", mutates_args=())
def space_to_depth(features: Tensor, block: int) -> Tensor:
    """[B, C, H, W] -> [B, block*block*C, H/block, W/block]; a position within the block keeps its channels together.

    coremltools does not document that order; its tests hold the operation against TensorFlow's on Apple's runtime.
    """
    batch, channels, height, width = features.shape
    blocks = features.reshape(batch, channels, height // block, block, width // block, block)
    moved = _copy(blocks.permute(0, 3, 5, 1, 2, 4))
    return moved.reshape(batch, channels * block**2, height // block, width // block)


@torch.library.custom_op("mobilevit_edge_kit::depth_to_space", mutates_args=())
def depth_to_space(features: Tensor, block: int) -> Tensor:
    """The inverse of `space_to_depth`."""
    batch, channels, height, width = features.shape
    blocks = features.reshape(batch, block, block, channels // block**2, height, width)
    moved = _copy(blocks.permute(0, 3, 4, 1, 5, 2))
    return moved.reshape(batch, channels // block**2, height * block, width * block)


def _copy(tensor: Tensor) -> Tensor:
    """Contiguous, and a copy even where nothing moved: a custom operator may not return a view of its argument."""
    return tensor.clone(memory_format=torch.contiguous_format)


def attend(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Products that take their operands as they lie; see Form."""
    scores = torch.matmul(query.transpose(-1, -2), key)  # [S, h, N, N]
    weights = functional.softmax(scores if scale == 1 else scores * scale, dim=-1)
    return torch.matmul(value, weights.transpose(-1, -2))


FORM = Form(channel_norm, space_to_depth, depth_to_space, attend)


@channel_norm.register_fake
def _(features: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    return torch.empty_like(features)


@space_to_depth.register_fake
def _(features: Tensor, block: int) -> Tensor:
    batch, channels, height, width = features.shape
    return features.new_empty(batch, channels * block**2, height // block, width // block)


@depth_to_space.register_fake
def _(features: Tensor, block: int) -> Tensor:
    batch, channels, height, width = features.shape
    return features.new_empty(batch, channels // block**2, height * block, width * block)


def _writes(operator: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Tell coremltools what to write for `operator`: the decorated function, called with its arguments and a name."""

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        def translate(context: Any, node: Any) -> None:
            values = [context[value] if isinstance(value, str) else value for value in node.inputs]
            context.add(build(*values, name=node.name))

        translate.__name__ = operator._qualname  # what the registry files it under
        mil.register_torch_op(translate)
        return build

    return register


@_writes(channel_norm)
def _channel_norm(features: Any, weight: Any, bias: Any, eps: Any, name: str) -> Any:
    return mil.Builder.layer_norm(x=features, axes=[1], gamma=weight, beta=bias, epsilon=eps, name=name)


@_writes(space_to_depth)
def _space_to_depth(features: Any, block: Any, name: str) -> Any:
    return mil.Builder.space_to_depth(x=features, block_size=block, name=name)


@_writes(depth_to_space)
def _depth_to_space(features: Any, block: Any, name: str) -> Any:
    return mil.Builder.depth_to_space(x=features, block_size=block, name=name)
