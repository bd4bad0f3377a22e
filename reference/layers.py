"""MobileViT's building blocks: convolutions, inverted residuals, and the block that sets a transformer among them.

Module names follow Hugging Face's implementation, so that its checkpoints load strictly.
Shapes: B batch, C channels, H and W feature-map pixels, p patch side, P = p*p patch area, N patches, D hidden size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .activations import activation
from .config import MobileViTConfig
from .transformer import Transformer


def make_divisible(value: int, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `value`, never more than 10 % below it (MobileNet's rule)."""
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * value else nearest


class ConvLayer(nn.Module):
    """Convolution, then optionally BatchNorm, then optionally an activation. [B, C, H, W] -> [B, C', H', W']

    `act` names the activation where it is not the configuration's. `gate`, which only converters set, is a layer of the
    same shapes whose answer multiplies this one's.
    """

    def __init__(
        self,
        config: MobileViTConfig,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        groups: int = 1,
        dilation: int = 1,
        bias: bool = False,
        normalize: bool = True,
        activate: bool = True,
        act: str | None = None,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=(kernel_size - 1) // 2 * dilation,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.normalization = nn.BatchNorm2d(out_channels, eps=1e-5) if normalize else None
        self.activation = activation(act or config.hidden_act) if activate else None
        self.gate: ConvLayer | None = None

    def forward(self, features: Tensor) -> Tensor:
        answer = self.convolution(features)
        if self.normalization is not None:
            answer = self.normalization(answer)
        if self.activation is not None:
            answer = self.activation(answer)
        return answer if self.gate is None else answer * self.gate(features)


class InvertedResidual(nn.Module):
    """MobileNetV2's block (arXiv:1801.04381): expand, depthwise 3x3, reduce."""

    def __init__(
        self, config: MobileViTConfig, in_channels: int, out_channels: int, stride: int, dilation: int = 1
    ) -> None:
        super().__init__()
        expanded = make_divisible(round(in_channels * config.expand_ratio))
        self.use_residual = stride == 1 and in_channels == out_channels
        self.expand_1x1 = ConvLayer(config, in_channels, expanded, 1)
        self.conv_3x3 = ConvLayer(config, expanded, expanded, 3, stride=stride, groups=expanded, dilation=dilation)
        self.reduce_1x1 = ConvLayer(config, expanded, out_channels, 1, activate=False)

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce_1x1(self.conv_3x3(self.expand_1x1(features)))
        return features + reduced if self.use_residual else reduced


class MobileNetLayer(nn.Module):
    """A run of inverted residuals; the first one strides and changes the width."""

    def __init__(
        self, config: MobileViTConfig, in_channels: int, out_channels: int, stride: int, num_stages: int
    ) -> None:
        super().__init__()
        self.layer = nn.ModuleList(
            InvertedResidual(config, out_channels if i else in_channels, out_channels, 1 if i else stride)
            for i in range(num_stages)
        )

    def forward(self, features: Tensor) -> Tensor:
        for block in self.layer:
            features = block(features)
        return features


class MobileViTLayer(nn.Module):
    """The MobileViT block (arXiv:2110.02178): convolutions for the near, a transformer across patches for the far.

    `dilation` above 1 keeps the resolution: the downsampling block then dilates instead of striding.
    """

    def __init__(
        self,
        config: MobileViTConfig,
        in_channels: int,
        out_channels: int,
        hidden_size: int,
        num_stages: int,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.patch_size = config.patch_size
        self.downsampling_layer = InvertedResidual(
            config, in_channels, out_channels, stride=2 if dilation == 1 else 1, dilation=max(1, dilation // 2)
        )
        kernel_size = config.conv_kernel_size
        self.conv_kxk = ConvLayer(config, out_channels, out_channels, kernel_size)
        self.conv_1x1 = ConvLayer(config, out_channels, hidden_size, 1, normalize=False, activate=False)
        self.transformer = Transformer(config, hidden_size, num_stages)
        self.layernorm = nn.LayerNorm(hidden_size, eps=config.layer_norm_eps)
        self.conv_projection = ConvLayer(config, hidden_size, out_channels, 1)
        self.fusion = ConvLayer(config, 2 * out_channels, out_channels, kernel_size)

    def forward(self, features: Tensor) -> Tensor:
        features = self.downsampling_layer(features)
        local = self.conv_1x1(self.conv_kxk(features))
        height, width = local.shape[-2:]
        rows, columns = math.ceil(height / self.patch_size), math.ceil(width / self.patch_size)

        tokens = unfold(resize(local, rows * self.patch_size, columns * self.patch_size), self.patch_size)
        tokens = self.layernorm(self.transformer(tokens))
        distant = resize(fold(tokens, rows, columns, self.patch_size), height, width)

        return self.fusion(torch.cat((features, self.conv_projection(distant)), dim=1))


def unfold(features: Tensor, patch_size: int) -> Tensor:
    """[B, D, H, W] -> [B*P, N, D]: tokens at the same place within their patches form one sequence.

    No step has more than four dimensions: Core ML stops at five, the GPU delegates at four.
    """
    batch, depth, height, width = features.shape
    rows, columns = height // patch_size, width // patch_size
    grid = features.reshape(batch * depth * rows, patch_size, columns, patch_size).transpose(1, 2)
    patches = grid.reshape(batch, depth, rows * columns, patch_size**2)
    return patches.transpose(1, 3).reshape(batch * patch_size**2, rows * columns, depth)


def fold(tokens: Tensor, rows: int, columns: int, patch_size: int) -> Tensor:
    """[B*P, N, D] -> [B, D, H, W]: the inverse of `unfold`; N = rows * columns."""
    depth = tokens.shape[-1]
    patches = tokens.reshape(-1, patch_size**2, rows * columns, depth).transpose(1, 3)  # [B, D, N, P]
    grid = patches.reshape(-1, columns, patch_size, patch_size).transpose(1, 2)  # [B*D*rows, p, columns, p]
    return grid.reshape(-1, depth, rows * patch_size, columns * patch_size)


def resize(features: Tensor, height: int, width: int) -> Tensor:
    """Bilinear, only where the size differs: feature maps that patches do not tile are stretched until they do."""
    if tuple(features.shape[-2:]) == (height, width):
        return features
    return functional.interpolate(features, size=(height, width), mode="bilinear", align_corners=False)
