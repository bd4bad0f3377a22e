"""The deployable network as Apple's engines like it: tokens are maps [S, C, 1, N], linear layers 1x1 convolutions.

The Neural Engine works on four dimensions with the channels second. In this form a MobileViT block needs few
transposes. What Core ML and Core AI have different operations for is a `Form`.

Shapes: B batch, C channels, p patch side, P = p*p positions in a patch, S = B*P sequences of N patches, h heads, d
channels of a head.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reference.heads import ASPP, MobileViTForSemanticSegmentation
from reference.layers import MobileViTLayer, resize
from reference.pretrained import PreTrainedModel

from . import anatomy


@dataclass(frozen=True)
class Form:
    """What a pipeline writes its own way.

    norm: LayerNorm over the channels of [B, C, H, W], from a map, gain and bias [C] or None, and epsilon. to_patches:
    a map [B, C, H, W] and p -> S sequences of C*N values, ordered so, in a shape and an order of sequences of the
    pipeline's choice; from_patches: its inverse. attend: query, key and value [S, h, d, N], and the factor of the
    scores -> [S, h, d, N].
    """

    norm: Callable[[Tensor, Tensor | None, Tensor | None, float], Tensor]
    to_patches: Callable[[Tensor, int], Tensor]
    from_patches: Callable[[Tensor, int], Tensor]
    attend: Callable[[Tensor, Tensor, Tensor, float], Tensor]


def to_channels_first(network: PreTrainedModel, form: Form) -> None:
    """Replace the MobileViT blocks of `network`, the pyramid of its segmentation head, or a classifier of several
    layers, in place; the function stays the same."""
    anatomy.replace_blocks(network, lambda block: ChannelsFirstBlock(block, form))
    if isinstance(network, MobileViTForSemanticSegmentation):
        head: Any = network.segmentation_head
        if head.aspp.project.normalization is None:
            head.aspp = SplitPyramid(head.aspp)
    layers = [layer for _, layer in anatomy.classifier_layers(network)]
    if layers:
        setattr(network, anatomy.CLASSIFIER, ChannelsFirstClassifier(layers, form))


class ChannelsFirstBlock(nn.Module):
    """MobileViTLayer with its tokens channels-first. [B, C, H, W] -> [B, C', H', W']"""

    def __init__(self, layer: MobileViTLayer, form: Form) -> None:
        super().__init__()
        self.form = form
        self.patch_size = layer.patch_size
        self.downsampling_layer = layer.downsampling_layer
        self.conv_kxk = layer.conv_kxk
        self.conv_1x1 = layer.conv_1x1
        self.transformer = nn.Sequential(*(_Layer(each, form) for each in anatomy.transformer_layers(layer)))
        self.layernorm = _ChannelNorm(layer.layernorm, form)
        self.conv_projection = layer.conv_projection
        self.fusion = layer.fusion

    def forward(self, features: Tensor) -> Tensor:
        features = self.downsampling_layer(features)
        local = self.conv_1x1(self.conv_kxk(features))
        height, width = local.shape[-2:]
        side = self.patch_size
        stretched = resize(local, math.ceil(height / side) * side, math.ceil(width / side) * side)

        patches = stretched if side == 1 else self.form.to_patches(stretched, side)
        sequences = len(local) * side**2
        tokens = patches.reshape(sequences, local.shape[1], 1, -1)  # at the same place in their patches: one sequence
        tokens = self.layernorm(self.transformer(tokens))
        patches = tokens.reshape(patches.shape)
        distant = resize(patches if side == 1 else self.form.from_patches(patches, side), height, width)

        return self.fusion(torch.cat((features, self.conv_projection(distant)), dim=1))


class SplitPyramid(nn.Module):
    """ASPP whose projection adds the pooled branch as one vector, instead of reading it spread over the whole map."""

    def __init__(self, pyramid: ASPP) -> None:
        super().__init__()
        *branches, pooling = pyramid.convs
        self.convs = nn.ModuleList(branches)
        self.pooling: Any = pooling
        projection = pyramid.project.convolution
        maps, vector = projection.weight.split(
            [len(branches) * projection.out_channels, projection.out_channels], dim=1
        )
        self.project_maps = _convolution(maps, None)
        self.project_vector = _convolution(vector, projection.bias)
        self.activation: Any = pyramid.project.activation

    def forward(self, features: Tensor) -> Tensor:
        maps = self.project_maps(torch.cat([branch(features) for branch in self.convs], dim=1))
        vector = self.project_vector(self.pooling.conv_1x1(features.mean(dim=(2, 3), keepdim=True)))
        return self.activation(maps + vector)


class ChannelsFirstClassifier(nn.Module):
    """LayerNorms and linear layers, one after the other. [B, C] -> [B, num_labels]"""

    def __init__(self, layers: Sequence[nn.Module], form: Form) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(_ChannelNorm(each, form) if isinstance(each, nn.LayerNorm) else pointwise(each) for each in layers)
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features[:, :, None, None]).flatten(1)


class _Layer(nn.Module):
    """TransformerLayer. [S, C, 1, N] -> [S, C, 1, N]"""

    def __init__(self, layer: Any, form: Form) -> None:
        super().__init__()
        parts = anatomy.parts(layer)
        self.layernorm_before = _ChannelNorm(parts.before, form)
        self.attention = _Attention(parts, form)
        self.projection = pointwise(parts.projection)
        self.layernorm_after = _ChannelNorm(parts.after, form)
        self.expand = pointwise(parts.expand)
        self.activation = parts.activation
        self.reduce = pointwise(parts.reduce)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.projection(self.attention(self.layernorm_before(tokens)))
        return tokens + self.reduce(self.activation(self.expand(self.layernorm_after(tokens))))


class _Attention(nn.Module):
    """SelfAttention: one convolution for query, key and value, one reshape for their heads."""

    def __init__(self, parts: anatomy.TransformerParts, form: Form) -> None:
        super().__init__()
        self.attend = form.attend
        self.heads, self.head_size = parts.attention.num_attention_heads, parts.attention.attention_head_size
        self.scale = parts.attention.scale
        self.qkv = pointwise(parts.query, parts.key, parts.value)

    def forward(self, tokens: Tensor) -> Tensor:
        sequences, channels = tokens.shape[:2]
        heads = self.qkv(tokens).reshape(sequences, 3 * self.heads, self.head_size, -1)
        query, key, value = heads.chunk(3, dim=1)  # [S, h, d, N]
        return self.attend(query, key, value, self.scale).reshape(sequences, channels, 1, -1)


class _ChannelNorm(nn.Module):
    """LayerNorm over the channels, with or without gain and bias."""

    def __init__(self, norm: nn.LayerNorm, form: Form) -> None:
        super().__init__()
        self.norm = form.norm
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, tokens: Tensor) -> Tensor:
        return self.norm(tokens, self.weight, self.bias, self.eps)


def pointwise(*layers: Any) -> nn.Conv2d:
    """Linear layers side by side as one 1x1 convolution; a missing bias is zero."""
    biases = [layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias for layer in layers]
    return _convolution(torch.cat([layer.weight for layer in layers])[:, :, None, None], torch.cat(biases))


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """The 1x1 convolution with these parameters."""
    convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=bias is not None)
    convolution.weight = nn.Parameter(weight)
    convolution.bias = None if bias is None else nn.Parameter(bias)
    return convolution.requires_grad_(False)
