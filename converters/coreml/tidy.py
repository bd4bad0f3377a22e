"""A smaller program text: short names, and one constant where coremltools writes the same one for each operation.

In a small model the text is a tenth of a compressed package, half of it names. Nothing that is computed changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..anatomy import BACKBONE, CONVOLUTION, ENCODER, LAYER

# What names repeat without telling anything: where the network sits in its wrapper, the one layer of a ConvLayer that
# has weights, and what coremltools did to a value.
_REDUNDANT = re.compile(
    rf"^p_network_({BACKBONE}_)?|{ENCODER}_(?={LAYER})|_{CONVOLUTION}(?=_(weight|bias))"
    r"|_(cast|to)_fp16|_(quantized|palettized)$"
)


def tidy(spec: Any) -> None:
    """Share equal constants in the main function of an ML Program (protobuf) and shorten its names, in place."""
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    _share_constants(block)
    purposes = _purposes(block)
    taken = {feature.name for feature in [*spec.description.input, *spec.description.output]}  # what apps use
    names = {name: name for name in taken}
    for operation in block.operations:
        for output in operation.outputs:
            if output.name not in names:
                plain = _REDUNDANT.sub("", output.name)
                names[output.name] = _free(purposes.get(output.name, plain) if _in_text(operation) else plain, taken)
            output.name = names[output.name]
        own = operation.attributes["name"].immediateValue.tensor.strings.values
        own[:] = [names.get(name, name) for name in own]
    _rename(block, names)


def _in_text(operation: Any) -> bool:
    """Whether it is a constant whose value stands in the text, and not in the file of the weights."""
    return operation.type == "const" and operation.attributes["val"].WhichOneof("value") == "immediateValue"


def _share_constants(block: Any) -> None:
    """Keep the first of equal constants in the text; those among the weights are all different."""
    first: dict[bytes, str] = {}
    names: dict[str, str] = {}
    kept = []
    for operation in block.operations:
        if _in_text(operation):
            name, value = operation.outputs[0].name, operation.attributes["val"]
            names[name] = first.setdefault(value.SerializeToString(deterministic=True), name)
            if names[name] != name:
                continue
        kept.append(operation)
    _rename(block, names)
    del block.operations[:]
    block.operations.extend(kept)


def _rename(block: Any, names: dict[str, str]) -> None:
    """Let every reference to a value follow `names`."""
    for _, argument in _references(block):
        argument.name = names.get(argument.name, argument.name)
    block.outputs[:] = [names.get(name, name) for name in block.outputs]


def _purposes(block: Any) -> dict[str, str]:
    """Each value's name, and the parameter it is first used for."""
    purposes: dict[str, str] = {}
    for parameter, argument in _references(block):
        purposes.setdefault(argument.name, parameter)
    return purposes


def _references(block: Any) -> Iterator[tuple[str, Any]]:
    """Where operations name the values they take: the parameter, and the argument."""
    for operation in block.operations:
        for parameter, input in sorted(operation.inputs.items()):
            for argument in input.arguments:
                if argument.WhichOneof("binding") == "name":
                    yield parameter, argument


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken; it then is."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
