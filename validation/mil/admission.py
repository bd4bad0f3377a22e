"""What must hold of a program's messages before anything is made of them; nothing later looks again.

Names exist before they are used, and once; types and layouts are known; shapes and sizes are bounded; values have the
form that their type says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from reference.errors import UserError

from .datatypes import data_type_of, shape_of
from .protos import FeatureTypes_pb2

# Attention across the largest crop that the converters allow, [4, 4, 8192, 8192], has as many.
MOST_VALUES = 2**30
MOST_PIXELS = 2**25  # of a picture, which becomes float32 of three channels
BLOCKS = {"cond": "pred", "while_loop": "loop_vars"}  # operations with two blocks, and what they take

_COLORS = FeatureTypes_pb2.ImageFeatureType.ColorSpace
_ARRAYS = FeatureTypes_pb2.ArrayFeatureType.ArrayDataType
_FORMS = {"tensorType": "tensor", "listType": "list", "tupleType": "tuple", "dictionaryType": "dictionary"}


def admit(message: Any, block: Any, features: Any) -> None:
    """Hold a Function message, the Block that runs and the description of its inputs and outputs to the above.

    Raises:
        UserError: for the first thing that does not hold; it does not name the package.
    """
    inputs, outputs = ([each.name for each in ends] for ends in (features.input, features.output))
    for feature in (*features.input, *features.output):
        _feature(feature)
    taken = [each.name for each in message.inputs if each.type.WhichOneof("type") != "stateType"]
    _unique(inputs, "described inputs")
    missing = sorted(set(inputs) ^ set(taken)) or sorted(set(outputs) - set(block.outputs))
    if missing:
        raise UserError(f"the description and the program differ in {', '.join(missing)}")
    if not outputs:
        raise UserError("it has no outputs")
    _block(block, _declared(message.inputs, set()))


def _feature(feature: Any) -> None:
    kind = feature.type.WhichOneof("Type")
    if not feature.name or kind is None:
        raise UserError(f"feature {feature.name or '(no name)'} has no type, or no name")
    if kind == "imageType":
        _image(feature.name, feature.type.imageType)
    if kind == "multiArrayType":
        array = feature.type.multiArrayType
        if array.dataType not in _ARRAYS.values():
            raise UserError(f"feature {feature.name} is an array of the unknown type {array.dataType}")
        _bounded(feature.name, array.shape)


def _image(name: str, image: Any) -> None:
    if image.colorSpace not in _COLORS.values():
        raise UserError(f"feature {name} has the unknown colour layout {image.colorSpace}")
    sizes = image.enumeratedSizes.sizes if image.WhichOneof("SizeFlexibility") == "enumeratedSizes" else []
    for size in (image, *sizes):
        if size.width < 1 or size.height < 1 or size.width * size.height > MOST_PIXELS:
            raise UserError(f"feature {name} is a picture of {size.width}x{size.height} pixels")
    if sizes and not any((size.width, size.height) == (image.width, image.height) for size in sizes):
        raise UserError(f"feature {name} has {image.width}x{image.height} pixels, which are not among its sizes")


def _block(block: Any, known: set[str]) -> None:
    """known: names from outside, and of the block's inputs."""
    known = set(known)
    for operation in block.operations:
        place = f"{operation.type or 'an operation without a type'} at {', '.join(o.name for o in operation.outputs)}"
        try:
            _operation(operation, known)
        except UserError as error:
            raise UserError(f"{place}: {error}") from error
        known |= _declared(operation.outputs, known)
    _require(block.outputs, known)


def _operation(operation: Any, known: set[str]) -> None:
    for argument in operation.inputs.values():
        for binding in argument.arguments:
            form = binding.WhichOneof("binding")
            if form == "name":
                _require([binding.name], known)
            elif form == "value":
                _value(binding.value)
            else:
                raise UserError("an input is bound to nothing")
    for name, value in operation.attributes.items():
        if name != "name":
            _value(value)
    if operation.type == "const" and (len(operation.outputs) != 1 or "val" not in operation.attributes):
        raise UserError("a constant has one output and a value")
    if operation.type in BLOCKS:
        _inner_blocks(operation, BLOCKS[operation.type], known)
    elif operation.blocks:
        raise UserError("it has blocks of its own")


def _inner_blocks(operation: Any, needed: str, known: set[str]) -> None:
    """A condition and a body that take and give what goes round in the loop; or two that give the results."""
    blocks, results = operation.blocks, len(operation.outputs)
    if len(blocks) != 2 or needed not in operation.inputs or not operation.inputs[needed].arguments:
        raise UserError(f"it has {len(blocks)} blocks, not 2, or lacks {needed}")
    loops = operation.type == "while_loop"
    given = len(operation.inputs[needed].arguments) if loops else 0
    if [len(inner.inputs) for inner in blocks] != [given] * 2 or loops and given != results:
        raise UserError("its blocks take other numbers of values than they get")
    if [len(inner.outputs) for inner in blocks] != [1 if loops else results, results]:
        raise UserError("its blocks give other numbers of values than it needs")
    for inner in blocks:
        _block(inner, known | _declared(inner.inputs, known))


def _declared(named: Iterable[Any], known: set[str]) -> set[str]:
    """The names of NamedValueType messages, none of which is known yet."""
    names = []
    for each in named:
        kind = each.type.WhichOneof("type")
        if not each.name or each.name in known or kind is None:
            raise UserError(f"{each.name or 'a value without a name'} is declared twice, or without a type")
        if kind == "tensorType":
            data_type_of(each.type.tensorType)
            _bounded(each.name, shape_of(each.type.tensorType) or [])
        names.append(each.name)
    _unique(names, "values")
    return set(names)


def _value(value: Any) -> None:
    """A Value message, immediate or in a file."""
    kind = value.type.WhichOneof("type")
    form = _FORMS.get(str(kind))
    if form is None:
        raise UserError(f"a value is of the unknown type {kind}")
    if form == "tensor":
        shape = shape_of(value.type.tensorType)
        if shape is None or None in shape:
            raise UserError("a stored value has an open shape")
        _bounded("a stored value", shape)
        if value.WhichOneof("value") == "blobFileValue":
            return
    held = value.immediateValue
    if value.WhichOneof("value") != "immediateValue" or held.WhichOneof("value") not in (form, None):
        raise UserError(f"a value of type {form} holds none")
    if form == "tensor":
        _strings(value)
    elif form == "dictionary":
        for pair in held.dictionary.values:
            _value(pair.key)
            _value(pair.value)
    else:
        for item in getattr(held, form).values:
            _value(item)


def _strings(value: Any) -> None:
    """An immediate tensor's are strings where its type says so, as many as its shape says."""
    data_type, shape = data_type_of(value.type.tensorType), shape_of(value.type.tensorType)
    is_text, held = data_type.kind == "string", value.immediateValue.tensor
    count = math.prod(size or 0 for size in shape or [])
    if held.WhichOneof("value") == "strings" and not is_text or is_text and len(held.strings.values) != count:
        raise UserError(f"a value of {count} {data_type.name} holds {len(held.strings.values)} strings")


def _bounded(name: str, shape: Iterable[int | None]) -> None:
    sizes = [size for size in shape if size is not None]
    if min(sizes, default=0) < 0 or math.prod(sizes) > MOST_VALUES:
        raise UserError(f"{name} has the shape {sizes}, more than {MOST_VALUES} values or a negative number")


def _require(names: Iterable[str], known: set[str]) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        raise UserError(f"nothing before it is called {', '.join(unknown[:3])}")


def _unique(names: list[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise UserError(f"two {what} have one name")
