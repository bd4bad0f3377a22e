"""Functions of two tensors that are broadcast against each other, and select."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..registry import op

# iOS15 on. Uncertain: results of pow that overflow an integer.
_FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "mod": torch.remainder,  # the sign of the divisor, as NumPy's
    "pow": torch.pow,
}
_EXACT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "equal": torch.eq,
    "not_equal": torch.ne,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
}


def _register(name: str, function: Callable[[Tensor, Tensor], Tensor], exact: bool) -> None:
    @op(name, exact=exact)
    def binary(x: Tensor, y: Tensor) -> Tensor:
        return function(x, y)


for _name, _function in _FUNCTIONS.items():
    _register(_name, _function, exact=False)
for _name, _function in _EXACT.items():
    _register(_name, _function, exact=True)


@op("real_div")
def real_div(x: Tensor, y: Tensor) -> Tensor:
    """x / y. iOS15 on. Of integers the quotient is an integer; uncertain: rounded towards zero here."""
    return torch.div(x, y, rounding_mode=None if x.is_floating_point() else "trunc")


@op("floor_div")
def floor_div(x: Tensor, y: Tensor) -> Tensor:
    """floor(x / y). iOS15 on."""
    return torch.div(x, y, rounding_mode="floor")


@op("select", exact=True)
def select(cond: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """a where cond, else b. iOS15 on."""
    return torch.where(cond.bool(), a, b)
