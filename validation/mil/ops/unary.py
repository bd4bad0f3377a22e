"""Functions of one tensor, element by element."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..registry import op

# iOS15 on. Uncertain: Apple's approximations of the transcendental ones; round is half-to-even in coremltools' tests.
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "acos": torch.acos,
    "asin": torch.asin,
    "atan": torch.atan,
    "atanh": torch.atanh,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "tan": torch.tan,
    "tanh": torch.tanh,
    "logical_not": torch.logical_not,
}
# Those that map a float16 to a float16 without rounding.
_EXACT: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "ceil": torch.ceil,
    "floor": torch.floor,
    "round": torch.round,
    "sign": torch.sign,
}


def _register(name: str, function: Callable[[Tensor], Tensor], exact: bool) -> None:
    @op(name, exact=exact)
    def unary(x: Tensor) -> Tensor:
        return function(x)


for _name, _function in _FUNCTIONS.items():
    _register(_name, _function, exact=False)
for _name, _function in _EXACT.items():
    _register(_name, _function, exact=True)


@op("identity", exact=True)
def identity(x: Tensor) -> Tensor:
    """x. iOS15 on."""
    return x


@op("clip", exact=True)
def clip(x: Tensor, alpha: Tensor | None = None, beta: Tensor | None = None) -> Tensor:
    """min(max(x, alpha), beta). iOS15 on; in iOS17 alpha and beta may have another type than x."""
    if alpha is not None:
        x = torch.maximum(x, alpha.to(x.dtype))
    return x if beta is None else torch.minimum(x, beta.to(x.dtype))


@op("threshold", exact=True)
def threshold(x: Tensor, alpha: Tensor) -> Tensor:
    """max(x, alpha). iOS15 on."""
    return torch.maximum(x, alpha)


@op("inverse")
def inverse(x: Tensor, epsilon: float = 1e-4) -> Tensor:
    """1 / (x + epsilon). iOS15 on."""
    return 1 / (x + epsilon)


@op("rsqrt")
def rsqrt(x: Tensor, epsilon: float = 1e-12) -> Tensor:
    """1 / sqrt(x + epsilon). iOS15 on. In a float16 program epsilon is stored as float16, 1e-12 as 0."""
    return torch.rsqrt(x + epsilon)


@op("log")
def log(x: Tensor, epsilon: float = 1e-45) -> Tensor:
    """Natural logarithm of x + epsilon. iOS15 on. Uncertain: whether devices keep a subnormal epsilon."""
    return torch.log(x + epsilon)
