"""Activation functions in Keras, by the PyTorch modules they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops
from torch import nn

from ..errors import UserError

_TWINS: dict[type, Callable[[Any, Any], Any]] = {
    nn.ELU: lambda x, source: ops.elu(x, source.alpha),
    nn.GELU: lambda x, source: ops.gelu(x, approximate=source.approximate == "tanh"),
    nn.Hardswish: lambda x, source: ops.hard_silu(x),
    nn.Identity: lambda x, source: x,
    nn.LeakyReLU: lambda x, source: ops.leaky_relu(x, source.negative_slope),
    nn.Mish: lambda x, source: x * ops.tanh(ops.softplus(x)),
    nn.ReLU: lambda x, source: ops.relu(x),
    nn.ReLU6: lambda x, source: ops.relu6(x),
    nn.Sigmoid: lambda x, source: ops.sigmoid(x),
    nn.SiLU: lambda x, source: x * ops.sigmoid(x),  # ops.silu brings a custom gradient, which cannot be frozen
    nn.Tanh: lambda x, source: ops.tanh(x),
}


def activation(source: Any) -> Callable[[Any], Any]:
    """The function of Keras tensors that equals `source`, a PyTorch module or None for none; UserError if unknown."""
    if source is None:
        return lambda x: x
    if type(source) not in _TWINS:
        raise UserError(
            f"TensorFlow has no activation {source} here: choose another hidden_act, or stay with PyTorch and Core ML"
        )
    twin = _TWINS[type(source)]
    return lambda x: twin(x, source)
