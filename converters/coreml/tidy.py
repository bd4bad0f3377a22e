"""A smaller program text: short names, and one constant where coremltools writes the same one for each operation.

In a small model the text is a tenth of a compressed package, half of it names. Nothing that is computed changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# What names repeat without telling anything: where the network sits in its wrapper, the one layer of a ConvLayer that
# has weights, and what coremltools did to a value.
_REDUNDANT = re.compile(
    r"^p_network_(mobilevit_)?|encoder_(?=layer)|_convolution(?=_(weight|bias))|_(cast|to)_fp16|_(quantized|palettized)$"
)


def tidy(spec: Any) -> None:
    """Share equal constants in the main function of an ML Program (protobuf) and shorten its names, in place."""
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    _share_constants(block)
    fixed = {feature.name for feature in [*spec.description.input, *spec.description.output]}
    names = _short_names([output.name for operation in block.operations for output in operation.outputs], fixed)
    for operation in block.operations:
        for output in operation.outputs:
            output.name = names[output.name]
        own = operation.attributes["name"].immediateValue.tensor.strings.values
        own[:] = [names.get(name, name) for name in own]
    _rename(block, names)


def _share_constants(block: Any) -> None:
    """Keep the first of equal constants that stand in the text itself; those in the weights file are all different."""
    first: dict[bytes, str] = {}
    names: dict[str, str] = {}
    kept = []
    for operation in block.operations:
        value = operation.attributes["val"] if operation.type == "const" else None
        if value is not None and value.WhichOneof("value") == "immediateValue":
            name = operation.outputs[0].name
            names[name] = first.setdefault(value.SerializeToString(deterministic=True), name)
            if names[name] != name:
                continue
        kept.append(operation)
    _rename(block, names)
    del block.operations[:]
    block.operations.extend(kept)


def _rename(block: Any, names: dict[str, str]) -> None:
    """Let every reference to a value follow `names`."""
    for argument in _references(block):
        argument.name = names.get(argument.name, argument.name)
    block.outputs[:] = [names.get(name, name) for name in block.outputs]


def _references(block: Any) -> Iterator[Any]:
    for operation in block.operations:
        for input in operation.inputs.values():
            yield from (argument for argument in input.arguments if argument.WhichOneof("binding") == "name")


def _short_names(names: list[str], fixed: set[str]) -> dict[str, str]:
    """A short name for each; those in `fixed`, which apps use, stay, and so do those that would collide."""
    taken = set(names) | fixed
    short = {}
    for name in names:
        candidate = name if name in fixed else _REDUNDANT.sub("", name)
        if candidate != name and candidate in taken:
            candidate = name
        short[name] = candidate
        taken.add(candidate)
    return short
