"""An ML Program, loaded from disk and executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reference.errors import UserError

from . import ops  # noqa: F401  fills the registry
from .admission import BLOCKS
from .declared import Declared
from .features import answer_of, default_of, tensor_of
from .graph import Block, Context
from .package import Package
from .precision import Precision
from .registry import OPSETS, REGISTRY
from .values import matches


class Program:
    """An ML Program (.mlpackage), executed by this package's own operations: not by Apple's runtime.

    Args:
        path: the .mlpackage.
        precision: how float16 is rounded, see Precision.
        function: of a program with several, the one to run; None: the default.

    Raises:
        UserError: when the package is broken, no ML Program, of an unknown opset, or uses operations that are not
            here; all of those are listed.
    """

    def __init__(
        self, path: str | Path, precision: Precision | str = Precision.DECLARED, function: str | None = None
    ) -> None:
        self.package = Package(Path(path))
        self.precision = Precision(precision)
        self.function = self.package.function(function)
        self._refuse_unsupported()
        generator = torch.Generator()
        generator.seed()
        context = Context(self.package, self.function.opset, self.precision, generator)
        self._inputs = {declared.name: declared for declared in map(Declared.of, self.function.message.inputs)}
        types = {declared.name: declared.data_type for declared in self._inputs.values()}
        with torch.inference_mode():
            self._block = Block(self.function.block, context, {}, types)

    @property
    def inputs(self) -> list[Any]:
        """FeatureDescription messages of the inputs."""
        return list(self.function.features.input)

    @property
    def outputs(self) -> list[Any]:
        """FeatureDescription messages of the outputs."""
        return list(self.function.features.output)

    def predict(
        self, inputs: Mapping[str, Any], *, observe: Callable[[str, np.ndarray], None] | None = None
    ) -> dict[str, Any]:
        """The outputs as an app gets them.

        Args:
            inputs: of each input a PIL image or uint8 array, or an array; see features.tensor_of.
            observe: called with the name and value of everything computed on the way.

        Raises:
            UserError: for missing or unknown inputs, inputs of other shapes, and operations that fail.
        """
        environment = self._run(inputs, (), observe)
        return {
            feature.name: answer_of(feature, environment[feature.name]) for feature in self.function.features.output
        }

    def values(self, inputs: Mapping[str, Any], names: Sequence[str]) -> dict[str, np.ndarray]:
        """Intermediate values by name, in their declared types: float16 as float16 unless precision is FLOAT32.

        Raises:
            UserError: as predict, and for names that the program's main block does not have.
        """
        declared = {spec.name: spec for spec in self._inputs.values()}
        declared |= {spec.name: spec for operation in self.function.block.operations for spec in _declared(operation)}
        unknown = [name for name in names if name not in declared]
        if unknown:
            raise UserError(f"{self.package.path} computes nothing named {', '.join(unknown)}")
        environment = self._run(inputs, names, None)
        return {name: self._array(environment[name], declared[name]) for name in names}

    def _run(
        self, inputs: Mapping[str, Any], keep: Sequence[str], observe: Callable[[str, np.ndarray], None] | None
    ) -> dict[str, Any]:
        def tell(name: str, value: Any) -> None:
            if observe is not None and isinstance(value, torch.Tensor):
                observe(name, value.numpy())

        with torch.inference_mode():
            environment = self._environment(inputs)
            outputs = self._block.run(environment, None if observe is None else tell, keep)
        return {**self._block.constants, **environment, **dict(zip(self._block.outputs, outputs))}

    def _environment(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        unknown = inputs.keys() - {feature.name for feature in self.function.features.input}
        if unknown:
            raise UserError(f"{self.package.path} has no input {', '.join(sorted(unknown))}")
        environment = {}
        for feature in self.function.features.input:
            value = inputs.get(feature.name)
            if value is None:
                value = default_of(feature)
            if value is None:
                raise UserError(f"{self.package.path} needs the input {feature.name}")
            declared, tensor = self._inputs[feature.name], tensor_of(feature, value)
            if declared.shape == [] and tensor.numel() == 1:  # Core ML has no arrays of rank 0
                tensor = tensor.reshape(())
            if not matches(tensor.shape, declared.shape):
                raise UserError(f"input {feature.name} takes shape {declared.shape}, not {list(tensor.shape)}")
            assert declared.data_type is not None
            environment[feature.name] = declared.admit(tensor.to(declared.data_type.carrier), False, self.precision)
        return environment

    def _array(self, value: Any, declared: Declared) -> np.ndarray:
        if not isinstance(value, torch.Tensor) or declared.data_type is None:
            return np.array(value)
        if declared.data_type.kind == "float" and self.precision is Precision.FLOAT32:
            return value.numpy()
        return value.numpy().astype(declared.data_type.stored)

    def _refuse_unsupported(self) -> None:
        places: dict[str, list[str]] = {}
        for operation in self.function.walk():
            if operation.type not in REGISTRY and operation.type not in ("const", *BLOCKS):
                outputs = ", ".join(output.name for output in operation.outputs)
                places.setdefault(operation.type, []).append(outputs or "no output")
        if places:
            listed = "; ".join(
                f"{kind} at {', '.join(at[:3])}{f' and {len(at) - 3} more' if len(at) > 3 else ''}"
                for kind, at in sorted(places.items())
            )
            raise UserError(
                f"{self.package.path} uses operations that cannot be run here "
                f"(opset {self.function.opset}, {OPSETS[self.function.opset]}, function {self.function.name}): {listed}"
            )


def _declared(operation: Any) -> Iterator[Declared]:
    return map(Declared.of, operation.outputs)
