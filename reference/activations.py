"""Activation functions by the names that config.json files use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from .errors import UserError

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "gelu_python": nn.GELU,
    **dict.fromkeys(
        ("gelu_accurate", "gelu_fast", "gelu_new", "gelu_python_tanh", "gelu_pytorch_tanh"),
        partial(nn.GELU, approximate="tanh"),
    ),
    "hardswish": nn.Hardswish,
    "leaky_relu": nn.LeakyReLU,
    "linear": nn.Identity,
    "mish": nn.Mish,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "tanh": nn.Tanh,
}


def activation(wanted: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A fresh instance of the activation of that name; a callable is taken as it is."""
    if not isinstance(wanted, str):
        return wanted
    if wanted not in ACTIVATIONS:
        raise UserError(f"hidden_act {wanted!r} is unknown; choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[wanted]()
