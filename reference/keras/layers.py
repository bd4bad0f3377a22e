"""The twins of reference.layers: convolutions, inverted residuals, and the MobileViT block.

Shapes: B batch, H and W feature-map pixels, p patch side, P = p*p patch area, N patches, D hidden size. No tensor has
more than four dimensions, the limit of the GPU delegates, and every reshape infers the batch size alone, so that a
.tflite file needs no operation to compute shapes.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops

from .. import layers as torch_layers
from .activations import activation
from .basics import BatchNorm, Convolution, Mirror, modules, norm
from .transformer import TransformerLayer


class ConvLayer(Mirror):
    """Convolution, then BatchNorm and an activation where the source has them. [B, H, W, C] -> [B, H', W', C']"""

    def __init__(self, source: torch_layers.ConvLayer, name: str) -> None:
        super().__init__(name)
        self.convolution = Convolution(source.convolution, "convolution")
        self.normalization = None
        if source.normalization is not None:  # None once folded into the convolution
            self.normalization = BatchNorm(source.normalization, "normalization")
        self.activation = activation(source.activation)
        self.gate = None if source.gate is None else ConvLayer(source.gate, "gate")

    def call(self, x: Any) -> Any:
        y = self.convolution(x)
        if self.normalization is not None:
            y = self.normalization(y)
        y = self.activation(y)
        return y if self.gate is None else y * self.gate(x)


class InvertedResidual(Mirror):
    def __init__(self, source: torch_layers.InvertedResidual, name: str) -> None:
        super().__init__(name)
        self.use_residual = source.use_residual
        self.expand_1x1 = ConvLayer(source.expand_1x1, "expand_1x1")
        self.conv_3x3 = ConvLayer(source.conv_3x3, "conv_3x3")
        self.reduce_1x1 = ConvLayer(source.reduce_1x1, "reduce_1x1")

    def call(self, x: Any) -> Any:
        reduced = self.reduce_1x1(self.conv_3x3(self.expand_1x1(x)))
        return x + reduced if self.use_residual else reduced


class MobileNetLayer(Mirror):
    def __init__(self, source: torch_layers.MobileNetLayer, name: str) -> None:
        super().__init__(name)
        self.layer = [InvertedResidual(block, f"layer.{index}") for index, block in enumerate(modules(source.layer))]

    def call(self, x: Any) -> Any:
        for block in self.layer:
            x = block(x)
        return x


class MobileViTLayer(Mirror):
    def __init__(self, source: torch_layers.MobileViTLayer, name: str) -> None:
        super().__init__(name)
        self.patch_size = source.patch_size
        self.downsampling_layer = InvertedResidual(source.downsampling_layer, "downsampling_layer")
        self.conv_kxk = ConvLayer(source.conv_kxk, "conv_kxk")
        self.conv_1x1 = ConvLayer(source.conv_1x1, "conv_1x1")
        self.transformer = [
            TransformerLayer(layer, f"transformer.layer.{index}")
            for index, layer in enumerate(modules(source.transformer.layer))
        ]
        self.layernorm = norm(source.layernorm, "layernorm")
        self.conv_projection = ConvLayer(source.conv_projection, "conv_projection")
        self.fusion = ConvLayer(source.fusion, "fusion")

    def call(self, x: Any) -> Any:
        x = self.downsampling_layer(x)
        local = self.conv_1x1(self.conv_kxk(x))
        height, width = spatial_size(local)
        patch = self.patch_size
        rows, columns = -(-height // patch), -(-width // patch)  # rounded up

        tokens = unfold(resize(local, rows * patch, columns * patch), rows, columns, patch)
        for layer in self.transformer:
            tokens = layer(tokens, patches=rows * columns)
        tokens = self.layernorm(tokens)

        distant = resize(fold(tokens, rows, columns, patch), height, width)
        return self.fusion(ops.concatenate([x, self.conv_projection(distant)], axis=-1))


def unfold(x: Any, rows: Any, columns: Any, patch: int) -> Any:
    """[B, rows*p, columns*p, D] -> [P*B*N, D]: tokens at the same place within their patches form one sequence.

    Which sequence comes when differs from reference.layers.unfold; attention does not look across sequences.
    """
    depth = x.shape[-1]
    x = ops.transpose(ops.reshape(x, (-1, patch, columns, patch * depth)), (1, 0, 2, 3))  # [p, B*rows, columns, p*D]
    x = ops.transpose(ops.reshape(x, (-1, rows * columns, patch, depth)), (0, 2, 1, 3))  # [p*B, p, N, D]
    return ops.reshape(x, (-1, depth))


def fold(x: Any, rows: Any, columns: Any, patch: int) -> Any:
    """[P*B*N, D] -> [B, rows*p, columns*p, D]: the inverse of `unfold`."""
    depth = x.shape[-1]
    x = ops.transpose(ops.reshape(x, (-1, patch, rows * columns, depth)), (0, 2, 1, 3))  # [p*B, N, p, D]
    x = ops.transpose(ops.reshape(x, (patch, -1, columns, patch * depth)), (1, 0, 2, 3))  # [B*rows, p, columns, p*D]
    return ops.reshape(x, (-1, rows * patch, columns * patch, depth))


def resize(x: Any, height: Any, width: Any) -> Any:
    """Bilinear with pixel centres at halves, as torch's interpolate; nothing where the size is known to be right."""
    known = isinstance(height, int) and isinstance(width, int)
    if known and tuple(x.shape[1:3]) == (height, width):
        return x
    return tf.image.resize(x, (height, width), "bilinear")


def spatial_size(x: Any) -> tuple[Any, Any]:
    """Height and width of [B, H, W, C]: numbers, or tensors where a traced function does not know them."""
    _, height, width, _ = ops.shape(x)
    return height, width
