"""A block of a program, made ready at load: constants decoded and folded, arguments converted.

While running, an environment maps names to values; a value is dropped after its last use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from reference.errors import UserError

from .admission import BLOCKS
from .datatypes import DataType, data_type_of
from .declared import Declared
from .package import Package
from .precision import Precision
from .registry import OPSETS, REGISTRY, Arithmetic, Operation
from .values import decode

Environment = dict[str, Any]
Observer = Callable[[str, Any], None]

_MISTAKES = (RuntimeError, ValueError, IndexError, TypeError, KeyError, ArithmeticError, AssertionError)


@dataclass(frozen=True)
class Context:
    """What all blocks of a function share."""

    package: Package
    opset: str
    precision: Precision
    generator: torch.Generator

    def failed(self, message: Any, place: str) -> UserError:
        """An error that says where."""
        if isinstance(message, UserError):
            return message
        text = (str(message) or type(message).__name__).splitlines()[0]
        return UserError(f"{self.package.path}: {place} (opset {self.opset}, {OPSETS[self.opset]}): {text}")


@dataclass
class Step:
    """One operation, ready to run.

    constants: converted arguments; variables: for each other parameter, its values, a `Reference` where one is
    computed while running. unused: names that no later step of the block needs.
    """

    kind: str
    place: str
    outputs: list[Declared]
    operation: Operation | None = None
    rounded: bool = False
    constants: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, list[Any]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reference:
    """A name to be looked up."""

    name: str


class Block:
    """A block, compiled. known: values of names from outside of it; types: theirs, where declared."""

    def __init__(self, block: Any, context: Context, known: Environment, types: dict[str, DataType | None]) -> None:
        self._context = context
        self.inputs = [Declared.of(named) for named in block.inputs]
        self.outputs = list(block.outputs)
        self.constants = dict(known)
        self._types = types | {declared.name: declared.data_type for declared in self.inputs}
        self.steps: list[Step] = []
        for operation in block.operations:
            self._add(operation)
        self._find_last_uses()

    def run(self, environment: Environment, observe: Observer | None = None, keep: Sequence[str] = ()) -> list[Any]:
        """Run on an environment, which is changed; returns the outputs. `keep`: names not to be dropped."""
        for step in self.steps:
            results = self._perform(step, environment, observe)
            for declared, value in zip(step.outputs, results):
                environment[declared.name] = value
                if observe is not None:
                    observe(declared.name, value)
            for name in step.unused:
                if name not in keep:
                    environment.pop(name, None)
        return [self.constants[name] if name in self.constants else environment[name] for name in self.outputs]

    def _add(self, operation: Any) -> None:
        outputs = [Declared.of(named) for named in operation.outputs]
        place = f"{operation.type} at {', '.join(declared.name for declared in outputs) or '?'}"
        try:
            self._types |= {declared.name: declared.data_type for declared in outputs}
            if operation.type == "const":
                value = decode(self._context.package, operation.attributes["val"])
                self.constants[outputs[0].name] = outputs[0].admit(value, True, self._context.precision)
                return
            step = self._prepare(operation, place, outputs)
            if step.operation is not None and step.operation.foldable and not step.uses:
                for declared, value in zip(outputs, self._perform(step, {}, None)):
                    self.constants[declared.name] = value
                return
            self.steps.append(step)
        except _MISTAKES as error:
            raise self._context.failed(error, place) from error

    def _prepare(self, operation: Any, place: str, outputs: list[Declared]) -> Step:
        arguments = {name: self._bound(argument) for name, argument in operation.inputs.items()}
        for name, value in operation.attributes.items():
            if name != "name":  # iOS16 gives its constexpr operations their arguments as attributes
                arguments[name] = [decode(self._context.package, value)]
        step = Step(operation.type, place, outputs)
        if operation.type in BLOCKS:
            step.variables = arguments
            step.blocks = [Block(inner, self._context, self.constants, self._types) for inner in operation.blocks]
        else:
            step.operation = REGISTRY[operation.type]
            step.rounded = step.operation.exact and self._all_float16(operation)
            self._sort_arguments(step, arguments)
        step.uses = {value.name for values in step.variables.values() for value in values if _is_name(value)}
        step.uses |= {name for block in step.blocks for name in block.needs()}
        return step

    def _sort_arguments(self, step: Step, arguments: dict[str, list[Any]]) -> None:
        operation = step.operation
        assert operation is not None
        unknown, missing = arguments.keys() - operation.parameters.keys(), operation.required - arguments.keys()
        if unknown or missing:
            raise ValueError(f"unknown inputs {sorted(unknown)}, missing inputs {sorted(missing)}")
        for name, values in arguments.items():
            if any(map(_is_name, values)):
                step.variables[name] = values
            else:
                step.constants[name] = operation.convert(name, values)
        if operation.arithmetic_parameter:
            result = step.outputs[0].data_type
            if result is None:
                raise ValueError("the file declares no tensor as its result")
            accumulate = self._context.precision is Precision.FLOAT16_ACCUMULATE and result.name == "FLOAT16"
            arithmetic = Arithmetic(accumulate, result.carrier, self._context.generator)
            step.constants[operation.arithmetic_parameter] = arithmetic

    def _bound(self, argument: Any) -> list[Any]:
        values = []
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "value":
                values.append(decode(self._context.package, binding.value))
            else:
                values.append(self.constants.get(binding.name, Reference(binding.name)))
        return values

    def _all_float16(self, operation: Any) -> bool:
        """Whether all floats among the inputs are float16, so that an exact operation's result is one already."""
        for argument in operation.inputs.values():
            for binding in argument.arguments:
                if binding.WhichOneof("binding") == "name":
                    data_type = self._types.get(binding.name)
                elif binding.value.type.WhichOneof("type") == "tensorType":
                    data_type = data_type_of(binding.value.type.tensorType)
                else:
                    continue
                if data_type is not None and data_type.kind == "float" and data_type.name != "FLOAT16":
                    return False
        return True

    def _perform(self, step: Step, environment: Environment, observe: Observer | None) -> list[Any]:
        try:
            results = self._call(step, environment, observe)
            if len(results) != len(step.outputs):
                raise ValueError(f"{len(results)} results, the file declares {len(step.outputs)}")
            precision = self._context.precision
            return [spec.admit(value, step.rounded, precision) for spec, value in zip(step.outputs, results)]
        except _MISTAKES as error:
            raise self._context.failed(error, step.place) from error

    def _call(self, step: Step, environment: Environment, observe: Observer | None) -> Sequence[Any]:
        arguments = {
            name: [environment[value.name] if _is_name(value) else value for value in values]
            for name, values in step.variables.items()
        }
        if step.operation is not None:
            convert = step.operation.convert
            variables = {name: convert(name, values) for name, values in arguments.items()}
            result = step.operation.function(**step.constants, **variables)
            return result if isinstance(result, tuple) else (result,)
        if step.kind == "cond":
            chosen = step.blocks[0] if bool(arguments["pred"][0]) else step.blocks[1]
            return chosen.run(dict(environment), observe)
        condition, body = step.blocks
        values = arguments["loop_vars"]
        while bool(condition.run(environment | _named(condition, values), observe)[0]):
            values = body.run(environment | _named(body, values), observe)
        return values

    def needs(self) -> Iterator[str]:
        """Names that come from outside of the block."""
        own = {declared.name for declared in self.inputs} | self.constants.keys()
        for step in self.steps:
            yield from step.uses - own
            own |= {declared.name for declared in step.outputs}
        yield from set(self.outputs) - own

    def _find_last_uses(self) -> None:
        needed = set(self.outputs)
        for step in reversed(self.steps):
            names = step.uses | {declared.name for declared in step.outputs}
            step.unused = sorted(names - needed)
            needed |= names


def _is_name(value: Any) -> bool:
    return isinstance(value, Reference)


def _named(block: Block, values: Sequence[Any]) -> Environment:
    return {declared.name: value for declared, value in zip(block.inputs, values)}
