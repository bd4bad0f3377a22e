"""What the file declares of a value, and a computed value held to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .datatypes import DataType, Shape, data_type_of, kind_of, shape_of
from .precision import Precision
from .values import matches


@dataclass(frozen=True)
class Declared:
    """A value's name and the type that the file declares for it; no data type: a string, list or dictionary."""

    name: str
    data_type: DataType | None
    shape: Shape | None

    @classmethod
    def of(cls, named: Any) -> Declared:
        """From a NamedValueType message."""
        if named.type.WhichOneof("type") != "tensorType":
            return cls(named.name, None, None)
        tensor_type = named.type.tensorType
        return cls(named.name, data_type_of(tensor_type), shape_of(tensor_type))

    def admit(self, value: Any, rounded: bool, precision: Precision) -> Any:
        """The value in its declared type; ValueError when kind or shape are others than declared."""
        if self.data_type is None or not isinstance(value, Tensor):
            return value
        if not matches(value.shape, self.shape):
            raise ValueError(f"{self.name} has shape {list(value.shape)}, the file declares {self.shape}")
        if kind_of(value) != self.data_type.kind:
            raise ValueError(f"{self.name} is of {value.dtype}, the file declares {self.data_type.name}")
        if self.data_type.name == "FLOAT16" and not rounded and precision is not Precision.FLOAT32:
            return value.half().float()
        return value.to(self.data_type.carrier)
