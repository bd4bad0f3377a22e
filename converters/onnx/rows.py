"""The deployable network as ONNX likes it: tokens are the rows of one matrix, so that each linear layer is one Gemm.

A Gemm adds its bias itself; a product of more dimensions would be MatMul and Add, which runtimes wrap in reshapes.

Shapes: B batch, D hidden size, p patch side, P = p*p positions in a patch, N patches, h heads, d channels of a head.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from reference.layers import MobileViTLayer, resize
from reference.pretrained import PreTrainedModel

from .. import anatomy
from .attention import attend, attention


def to_rows(network: PreTrainedModel, *, whole_attention: bool) -> None:
    """Replace the MobileViT blocks of `network`, in place; the function stays the same.

    Args:
        whole_attention: whether attention stays one operator, which needs opset 23.
    """
    anatomy.replace_blocks(network, lambda block: RowsBlock(block, whole_attention))


class RowsBlock(nn.Module):
    """MobileViTLayer with its tokens as rows. [B, C, H, W] -> [B, C', H', W']"""

    def __init__(self, layer: MobileViTLayer, whole_attention: bool) -> None:
        super().__init__()
        self.patch_size = layer.patch_size
        self.downsampling_layer = layer.downsampling_layer
        self.conv_kxk = layer.conv_kxk
        self.conv_1x1 = layer.conv_1x1
        self.layers = nn.ModuleList(_Layer(each, whole_attention) for each in anatomy.transformer_layers(layer))
        self.layernorm = layer.layernorm
        self.conv_projection = layer.conv_projection
        self.fusion = layer.fusion

    def forward(self, features: Tensor) -> Tensor:
        features = self.downsampling_layer(features)
        local = self.conv_1x1(self.conv_kxk(features))
        (depth, height, width), side = local.shape[1:], self.patch_size
        rows, columns = math.ceil(height / side), math.ceil(width / side)

        stretched = resize(local, rows * side, columns * side)
        patches = stretched.reshape(-1, depth, rows, side, columns, side)
        tokens = patches.permute(0, 3, 5, 2, 4, 1).reshape(-1, depth)  # [B*P*N, D]
        for layer in self.layers:
            tokens = layer(tokens, rows * columns)
        patches = self.layernorm(tokens).reshape(-1, side, side, rows, columns, depth)
        stretched = patches.permute(0, 5, 3, 1, 4, 2).reshape(-1, depth, rows * side, columns * side)
        distant = resize(stretched, height, width)

        return self.fusion(torch.cat((features, self.conv_projection(distant)), dim=1))


class _Layer(nn.Module):
    """TransformerLayer on sequences of `length` rows each. [B*P*N, D] -> [B*P*N, D]"""

    def __init__(self, layer: Any, whole_attention: bool) -> None:
        super().__init__()
        parts = anatomy.parts(layer)
        self.heads, self.scale = parts.attention.num_attention_heads, parts.attention.scale
        self.attend = attention if whole_attention else attend
        self.layernorm_before = parts.before
        self.qkv = _side_by_side(parts.query, parts.key, parts.value)
        self.projection = parts.projection
        self.layernorm_after = parts.after
        self.expand = parts.expand
        self.activation = parts.activation
        self.reduce = parts.reduce

    def forward(self, tokens: Tensor, length: int) -> Tensor:
        depth = tokens.shape[1]
        qkv = self.qkv(self.layernorm_before(tokens)).reshape(-1, length, 3 * depth)
        attended = self.attend(qkv, self.heads, self.scale).reshape(-1, depth)
        tokens = tokens + self.projection(attended)
        return tokens + self.reduce(self.activation(self.expand(self.layernorm_after(tokens))))


def _side_by_side(*layers: Any) -> nn.Linear:
    """Linear layers as one; a missing bias is zero."""
    biases = [layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias for layer in layers]
    weight = torch.cat([layer.weight for layer in layers])
    joined = nn.Linear(weight.shape[1], weight.shape[0])
    joined.weight, joined.bias = nn.Parameter(weight), nn.Parameter(torch.cat(biases))
    return joined.requires_grad_(False)
