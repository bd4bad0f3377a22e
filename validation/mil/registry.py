"""Operations by name, and how a program's arguments become a Python function's.

An operation is a function whose parameters are named as MIL names its inputs and annotated with one of the types in
`_CONVERSIONS`; values are converted to that type before the call. A parameter with a default is optional in MIL. A
parameter annotated `Arithmetic` is not MIL's: the executor fills it in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# Opsets by the name that programs carry, oldest first.
OPSETS = {"CoreML5": "iOS15", "CoreML6": "iOS16", "CoreML7": "iOS17", "CoreML8": "iOS18", "CoreML9": "iOS26"}

Result = Any  # a Tensor, or a tuple of as many values as the operation has outputs
Ints = list[int]
Bools = list[bool]
Tensors = list[Tensor]


@dataclass(frozen=True)
class Arithmetic:
    """What an operation may have to know of where it stands.

    accumulate_fp16: its result is a float16 and partial sums are to be rounded to that.
    carrier: torch's type for its result.
    generator: of random numbers.
    """

    accumulate_fp16: bool
    carrier: torch.dtype
    generator: torch.Generator


@dataclass(frozen=True)
class Operation:
    """One entry of the registry.

    parameters: name -> annotation, without `| None`.
    required: names of the parameters without a default.
    exact: every value of the result is one of the inputs' values, so that rounding it again changes nothing.
    foldable: the same inputs give the same result.
    """

    name: str
    function: Callable[..., Result]
    parameters: dict[str, str]
    required: frozenset[str]
    exact: bool
    foldable: bool

    @property
    def arithmetic_parameter(self) -> str | None:
        """Name of the parameter that the executor fills in."""
        return next((name for name, kind in self.parameters.items() if kind == "Arithmetic"), None)

    def convert(self, parameter: str, values: list[Any]) -> Any:
        """The values bound to one input, as the function wants them."""
        return _CONVERSIONS[self.parameters[parameter]](values)


REGISTRY: dict[str, Operation] = {}


def op(
    *names: str, exact: bool = False, foldable: bool = True
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Register a function under MIL's names for the operation; see Operation for the options."""

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        signature = inspect.signature(function)
        parameters = {name: p.annotation.removesuffix(" | None") for name, p in signature.parameters.items()}
        required = frozenset(
            name
            for name, p in signature.parameters.items()
            if p.default is p.empty and parameters[name] != "Arithmetic"
        )
        for name in names:
            assert name not in REGISTRY, name
            REGISTRY[name] = Operation(name, function, parameters, required, exact, foldable)
        return function

    return register


def _one(values: list[Any]) -> Any:
    (value,) = values
    return value


def _text(values: list[Any]) -> str:
    value = _one(values)
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {type(value).__name__}")
    return value


def _tensor(values: list[Any]) -> Tensor:
    value = _one(values)
    if not isinstance(value, Tensor):
        raise ValueError(f"expected a tensor, got {type(value).__name__}")
    return value


def _tensors(values: list[Any]) -> list[Tensor]:
    return [_tensor([value]) for value in values]


def _ints(values: list[Any]) -> list[int]:
    return [int(number) for number in _tensor(values).reshape(-1).tolist()]


# Integers and flags are read from tensors; a vector of length one may stand for a scalar, as in coremltools.
_CONVERSIONS: dict[str, Callable[[list[Any]], Any]] = {
    "Tensor": _tensor,
    "Tensors": _tensors,
    "int": lambda values: int(_one(values)),
    "float": lambda values: float(_one(values)),
    "bool": lambda values: bool(_one(values)),
    "str": _text,
    "Ints": _ints,
    "Bools": lambda values: [bool(flag) for flag in _ints(values)],
    "list[Ints]": lambda values: [_ints([value]) for value in values],
    "Any": _one,
}
