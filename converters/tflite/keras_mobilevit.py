"""The deployable network once more, in Keras and NHWC, with the PyTorch modules' weights.

Every function takes a Keras tensor and the PyTorch module it mirrors, and names its layers after that module, so that
an operation in the .tflite file can be traced back to it. Batch size is one: apps classify one image at a time, and
fixed shapes let the delegates plan ahead. No tensor has more than four dimensions, the limit of the GPU delegates.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops
from torch import Tensor, nn

from reference.errors import UserError
from reference.layers import MobileNetLayer

from ..deployable import Deployable

INPUT = "image"


def build(deployable: Deployable, height: int, width: int, input_dtype: str) -> keras.Model:
    """RGB 0..255 [1, height, width, 3] of `input_dtype` -> probabilities [1, num_labels], float32."""
    network: Any = deployable.network
    backbone = network.backbone
    image = keras.Input(batch_shape=(1, height, width, 3), dtype=input_dtype, name=INPUT)
    x = image if input_dtype == "float32" else ops.cast(image, "float32")
    x = _conv(x, backbone.conv_stem, "conv_stem")
    for index, stage in enumerate(backbone.encoder.layer):
        name = f"encoder.layer.{index}"
        x = _mobilenet(x, stage, name) if isinstance(stage, MobileNetLayer) else _mobilevit(x, stage, name)
    x = _conv(x, backbone.conv_1x1_exp, "conv_1x1_exp")
    x = ops.mean(x, axis=(1, 2))
    x = _dense(x, network.classifier, "classifier")
    return keras.Model(image, ops.softmax(x))


def _conv(x: Any, source: Any, name: str) -> Any:
    convolution = source.convolution
    kernel, stride, dilation = convolution.kernel_size[0], convolution.stride[0], convolution.dilation[0]
    padding = "same"
    if stride > 1:  # TensorFlow pads strided convolutions at the end only; PyTorch pads both sides alike
        x = ops.pad(x, [[0, 0], [convolution.padding[0]] * 2, [convolution.padding[1]] * 2, [0, 0]])
        padding = "valid"
    options = {
        "strides": stride,
        "padding": padding,
        "dilation_rate": dilation,
        "use_bias": convolution.bias is not None,
        "data_format": "channels_last",
        "name": name,
    }
    weight = _array(convolution.weight)  # [out, in / groups, kernel, kernel]
    if convolution.groups == 1:
        layer, weight = keras.layers.Conv2D(convolution.out_channels, kernel, **options), weight.transpose(2, 3, 1, 0)
    else:
        layer, weight = keras.layers.DepthwiseConv2D(kernel, **options), weight.transpose(2, 3, 0, 1)
    x = layer(x)
    layer.set_weights([weight] if convolution.bias is None else [weight, _array(convolution.bias)])
    return x if source.activation is None else _activate(x, source.activation)


def _dense(x: Any, source: Any, name: str) -> Any:
    layer = keras.layers.Dense(source.out_features, use_bias=source.bias is not None, name=name)
    x = layer(x)
    weight = _array(source.weight).T
    layer.set_weights([weight] if source.bias is None else [weight, _array(source.bias)])
    return x


def _activate(x: Any, source: Any) -> Any:
    functions = {
        nn.ELU: lambda value: ops.elu(value, source.alpha),
        nn.GELU: lambda value: ops.gelu(value, approximate=source.approximate == "tanh"),
        nn.Hardswish: ops.hard_silu,
        nn.Identity: lambda value: value,
        nn.LeakyReLU: lambda value: ops.leaky_relu(value, source.negative_slope),
        nn.Mish: lambda value: value * ops.tanh(ops.softplus(value)),
        nn.ReLU: ops.relu,
        nn.ReLU6: ops.relu6,
        nn.Sigmoid: ops.sigmoid,
        nn.SiLU: lambda value: value * ops.sigmoid(value),  # ops.silu brings a custom gradient, which cannot be frozen
        nn.Tanh: ops.tanh,
    }
    if type(source) not in functions:
        raise UserError(f"the TFLite pipeline has no activation {source}: convert to Core ML, or choose another")
    return functions[type(source)](x)


def _layer_norm(x: Any, source: Any) -> Any:
    # Written out: Keras's own layer keeps the variance's broadcast and casts, which costs operations in the file.
    centred = x - ops.mean(x, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    return centred * ops.rsqrt(variance + source.eps) * _array(source.weight) + _array(source.bias)


def _inverted_residual(x: Any, source: Any, name: str) -> Any:
    y = _conv(x, source.expand_1x1, f"{name}.expand_1x1")
    y = _conv(y, source.conv_3x3, f"{name}.conv_3x3")
    y = _conv(y, source.reduce_1x1, f"{name}.reduce_1x1")
    return x + y if source.use_residual else y


def _mobilenet(x: Any, source: Any, name: str) -> Any:
    for index, block in enumerate(source.layer):
        x = _inverted_residual(x, block, f"{name}.layer.{index}")
    return x


def _mobilevit(x: Any, source: Any, name: str) -> Any:
    x = _inverted_residual(x, source.downsampling_layer, f"{name}.downsampling_layer")
    y = _conv(x, source.conv_kxk, f"{name}.conv_kxk")
    y = _conv(y, source.conv_1x1, f"{name}.conv_1x1")
    _, height, width, _ = y.shape
    patch = source.patch_size
    rows, columns = math.ceil(height / patch), math.ceil(width / patch)

    tokens = _unfold(_resize(y, rows * patch, columns * patch), rows, columns, patch)
    for index, layer in enumerate(source.transformer.layer):
        tokens = _transformer_layer(tokens, layer, f"{name}.transformer.layer.{index}")
    tokens = _layer_norm(tokens, source.layernorm)

    y = _resize(_fold(tokens, rows, columns, patch), height, width)
    y = _conv(y, source.conv_projection, f"{name}.conv_projection")
    return _conv(ops.concatenate([x, y], axis=-1), source.fusion, f"{name}.fusion")


def _transformer_layer(x: Any, source: Any, name: str) -> Any:
    y = _attention(_layer_norm(x, source.layernorm_before), source.attention.attention, f"{name}.attention")
    x = x + _dense(y, source.attention.output.dense, f"{name}.attention.output")
    y = _dense(_layer_norm(x, source.layernorm_after), source.intermediate.dense, f"{name}.intermediate")
    y = _activate(y, source.intermediate.intermediate_act_fn)
    return x + _dense(y, source.output.dense, f"{name}.output")


def _attention(x: Any, source: Any, name: str) -> Any:
    area, tokens, width = x.shape
    heads, depth = source.num_attention_heads, source.attention_head_size

    def split(layer: str) -> Any:
        projected = _dense(x, getattr(source, layer), f"{name}.{layer}")
        return ops.transpose(ops.reshape(projected, (area, tokens, heads, depth)), (0, 2, 1, 3))

    query, key, value = split("query"), split("key"), split("value")  # [P, heads, N, D/heads]
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * (1 / math.sqrt(depth))
    mixed = ops.matmul(ops.softmax(scores, axis=-1), value)
    return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (area, tokens, width))


def _unfold(x: Any, rows: int, columns: int, patch: int) -> Any:
    """[1, rows*p, columns*p, D] -> [P, N, D]; see reference.layers.unfold."""
    depth = x.shape[-1]
    x = ops.transpose(ops.reshape(x, (rows, patch, columns, patch * depth)), (1, 0, 2, 3))
    x = ops.transpose(ops.reshape(x, (patch, rows * columns, patch, depth)), (0, 2, 1, 3))
    return ops.reshape(x, (patch * patch, rows * columns, depth))


def _fold(x: Any, rows: int, columns: int, patch: int) -> Any:
    """[P, N, D] -> [1, rows*p, columns*p, D]: the inverse of `_unfold`."""
    depth = x.shape[-1]
    x = ops.transpose(ops.reshape(x, (patch, patch, rows * columns, depth)), (0, 2, 1, 3))
    x = ops.transpose(ops.reshape(x, (patch, rows, columns, patch * depth)), (1, 0, 2, 3))
    return ops.reshape(x, (1, rows * patch, columns * patch, depth))


def _resize(x: Any, height: int, width: int) -> Any:
    if tuple(x.shape[1:3]) == (height, width):
        return x
    return ops.image.resize(x, (height, width), "bilinear", data_format="channels_last")


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy()
