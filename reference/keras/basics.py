"""The layers that hold weights, each made from the PyTorch module it equals.

`source` is that module, BatchNorm folded or not; `name` is its name within its parent. Feature maps are [B, H, W, C].
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from torch import nn

BATCH_NORM_MOMENTUM = 0.9  # Keras counts what is kept; PyTorch's default 0.1 is what is replaced


class Mirror(keras.layers.Layer):
    """Base of the Keras layers: all weights are there from the start, named as in PyTorch."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.built = True

    def torch_state(self) -> dict[str, np.ndarray]:
        """The weights under the names and in the layouts of the mirrored module's state dict."""
        return {
            f"{child.name}.{name}": array
            for child in self._flatten_layers(include_self=False, recursive=False)
            if isinstance(child, Mirror)
            for name, array in child.torch_state().items()
        }

    def _variable(self, name: str, value: Any, trainable: bool = True) -> Any:
        """A variable with the value of a PyTorch tensor or array; None for None."""
        if value is None:
            return None
        array = np.ascontiguousarray(value.detach().numpy() if hasattr(value, "detach") else value)
        return self.add_weight(
            shape=array.shape, initializer=lambda shape, dtype: array, trainable=trainable, name=name
        )


class Convolution(Mirror):
    """nn.Conv2d, plain or depthwise, with PyTorch's padding: both sides alike."""

    def __init__(self, source: nn.Conv2d, name: str) -> None:
        super().__init__(name)
        self.depthwise = source.groups > 1
        self.stride, self.dilation = source.stride[0], source.dilation[0]
        self.padding = source.padding
        # PyTorch: [out, in / groups, kernel, kernel]; TensorFlow: [kernel, kernel, in, out or per channel]
        self.axes = (2, 3, 0, 1) if self.depthwise else (2, 3, 1, 0)
        self.kernel = self._variable("kernel", source.weight.detach().numpy().transpose(self.axes))
        self.bias = self._variable("bias", source.bias)

    def call(self, x: Any) -> Any:
        padding = "same"
        if self.stride > 1:  # TensorFlow would pad an even image at its end only
            x = ops.pad(x, [[0, 0], [self.padding[0]] * 2, [self.padding[1]] * 2, [0, 0]])
            padding = "valid"
        convolve = ops.depthwise_conv if self.depthwise else ops.conv
        x = convolve(
            x,
            self.kernel,
            strides=self.stride,
            padding=padding,
            dilation_rate=self.dilation,
            data_format="channels_last",
        )
        return x if self.bias is None else x + self.bias

    def torch_state(self) -> dict[str, np.ndarray]:
        state = {"weight": ops.convert_to_numpy(self.kernel).transpose(np.argsort(self.axes))}
        return state if self.bias is None else {**state, "bias": ops.convert_to_numpy(self.bias)}


class Dense(Mirror):
    """nn.Linear of the rows of a matrix."""

    def __init__(self, source: nn.Linear, name: str) -> None:
        super().__init__(name)
        self.kernel = self._variable("kernel", source.weight.detach().numpy().T)
        self.bias = self._variable("bias", source.bias)

    def call(self, x: Any) -> Any:
        y = ops.matmul(x, self.kernel)
        return y if self.bias is None else y + self.bias

    def torch_state(self) -> dict[str, np.ndarray]:
        state = {"weight": ops.convert_to_numpy(self.kernel).T}
        return state if self.bias is None else {**state, "bias": ops.convert_to_numpy(self.bias)}


class RMSNorm(Mirror):
    """nn.RMSNorm over the last axis, without gain: what converters leave of a LayerNorm."""

    def __init__(self, source: nn.RMSNorm, name: str) -> None:
        super().__init__(name)
        assert source.eps is not None
        self.eps = source.eps

    def call(self, x: Any) -> Any:
        return x * ops.rsqrt(ops.mean(x * x, axis=-1, keepdims=True) + self.eps)


def norm(source: nn.Module, name: str) -> Mirror:
    """The layer for whichever of the two norms `source` is."""
    if isinstance(source, nn.RMSNorm):
        return RMSNorm(source, name)
    assert isinstance(source, nn.LayerNorm)
    return LayerNorm(source, name)


class LayerNorm(Mirror):
    """nn.LayerNorm over the last axis.

    Written out: Keras's own layer keeps the variance's broadcast and casts, which costs operations in a .tflite file.
    """

    def __init__(self, source: nn.LayerNorm, name: str) -> None:
        super().__init__(name)
        self.eps = source.eps
        self.gamma = self._variable("gamma", source.weight)
        self.beta = self._variable("beta", source.bias)

    def call(self, x: Any) -> Any:
        centred = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        x = centred * ops.rsqrt(variance + self.eps)
        x = x if self.gamma is None else x * self.gamma
        return x if self.beta is None else x + self.beta

    def torch_state(self) -> dict[str, np.ndarray]:
        named = {"weight": self.gamma, "bias": self.beta}
        return {name: ops.convert_to_numpy(value) for name, value in named.items() if value is not None}


class BatchNorm(Mirror):
    """nn.BatchNorm2d. Training mode, and only it, normalises by the batch and moves the running statistics.

    Keras's own layer keeps a running variance that divides by the number of pixels n; this one divides by n - 1, as
    PyTorch does, so that a network trained here and there ends with the same statistics. `trainable = False` freezes
    the statistics too, as in Keras.
    """

    def __init__(self, source: nn.BatchNorm2d, name: str) -> None:
        super().__init__(name)
        self.eps = source.eps
        self.gamma = self._variable("gamma", source.weight)
        self.beta = self._variable("beta", source.bias)
        self.moving_mean = self._variable("moving_mean", source.running_mean, trainable=False)
        self.moving_variance = self._variable("moving_variance", source.running_var, trainable=False)

    def call(self, x: Any, training: bool | None = None) -> Any:
        if training and self.trainable:
            mean, variance = ops.moments(x, axes=(0, 1, 2))
            count = ops.cast(ops.size(x), "float32") / x.shape[-1]
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance * (count / ops.maximum(count - 1, 1)))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        gain = self.gamma * ops.rsqrt(variance + self.eps)
        return x * gain + (self.beta - mean * gain)

    def _move(self, statistic: Any, value: Any) -> None:
        statistic.assign(statistic * BATCH_NORM_MOMENTUM + value * (1 - BATCH_NORM_MOMENTUM))

    def torch_state(self) -> dict[str, np.ndarray]:
        named = {
            "weight": self.gamma,
            "bias": self.beta,
            "running_mean": self.moving_mean,
            "running_var": self.moving_variance,
        }
        return {name: ops.convert_to_numpy(value) for name, value in named.items()}


def modules(source: nn.ModuleList) -> list[Any]:
    """The modules of a list; all that PyTorch says of their types is that they are modules."""
    return list(source)


def dropout(source: nn.Module) -> keras.layers.Layer:
    """nn.Dropout, or nn.Dropout2d, which drops whole channels."""
    if isinstance(source, nn.Dropout2d):
        return keras.layers.SpatialDropout2D(source.p, data_format="channels_last")
    assert isinstance(source, nn.Dropout)
    return keras.layers.Dropout(source.p)
