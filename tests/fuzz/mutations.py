"""Sound files made unsound: by their bytes, and by what the bytes mean. The same seed gives the same file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Mutation = Callable[[Random, bytes], bytes]
NUMBERS = (0, -1, 1, 2, 255, 2**31 - 1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308)
TEXTS = ("", "x", "[/red]", "../../etc/passwd", "\x1b[2J", "\ud7ff\u202e", "a" * 100_000, "NaN", "1\n2")
DEPTHS = (3, 200, 100_000)


def flipped(random: Random, content: bytes) -> bytes:
    """A few bits, or whole bytes."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 8, 64))):
        place = random.randrange(len(changed))
        changed[place] = random.choice((changed[place] ^ 1 << random.randrange(8), 0, 255, random.randrange(256)))
    return bytes(changed)


def moved(random: Random, content: bytes) -> bytes:
    """A piece cut off, left out, doubled, zeroed, or two pieces swapped."""
    start, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    end = min(end, start + random.choice((1, 4, 64, 10**9)))
    piece = content[start:end]
    kind = random.randrange(5)
    if kind == 0:
        return content[:end]
    if kind == 1:
        return content[:start] + content[end:]
    if kind == 2:
        return content[:end] + piece + content[end:]
    if kind == 3:
        return content[:start] + bytes(len(piece)) + content[end:]
    other = random.randrange(len(content) - len(piece) + 1)
    changed = bytearray(content)
    changed[start:end], changed[other : other + len(piece)] = content[other : other + len(piece)], piece
    return bytes(changed)


def as_json(random: Random, content: bytes) -> bytes:
    """One value of another type, size or depth, or a key that is gone, doubled or new."""
    root = [json.loads(content)]
    places = list(_places(root))
    for _ in range(random.choice((1, 1, 2))):
        holder, key = random.choice(places)
        kind = random.randrange(7)
        value = holder[key] if not isinstance(holder, list) or key < len(holder) else None
        if kind == 0 and isinstance(holder, dict):
            holder.pop(key, None)
        elif kind == 1 and isinstance(holder, dict):
            holder[random.choice(TEXTS)] = value
        elif kind == 2 and isinstance(value, list):
            value *= random.choice((0, 2, 1000))
        elif kind == 3 and isinstance(value, int | float):
            holder[key] = value * random.choice((-1, 2, 1000, 10**9)) + random.choice((0, 1))
        elif kind < 5:
            holder[key] = random.choice((None, True, [], {}, [value], {"x": value}, str(value), math.nan, -math.inf))
        elif kind == 5:
            holder[key] = random.choice((*NUMBERS, *TEXTS))
        else:
            holder[key] = "\0deep"
    text = json.dumps(root[0])
    depth = random.choice(DEPTHS)
    opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
    return text.replace('"\\u0000deep"', opening * depth + "1" + closing * depth).encode()


def _places(value: Any) -> Any:
    """(holder, key) of everything below."""
    for key in range(len(value)) if isinstance(value, list) else list(value):
        yield value, key
        if isinstance(value[key], list | dict):
            yield from _places(value[key])


def as_lines(random: Random, content: bytes) -> bytes:
    """Of a table: a cell, a column or a line that is another, gone or doubled, and other separators and encodings."""
    lines = content.decode().split("\n")
    place = random.randrange(len(lines))
    cells = lines[place].split(",")
    cell = random.randrange(len(cells))
    kind = random.randrange(6)
    if kind == 0:
        cells[cell] = random.choice((*TEXTS, *map(str, NUMBERS), '"', cells[cell] * 2))
    elif kind == 1:
        cells.insert(cell, cells[cell])
    elif kind == 2:
        del cells[cell]
    lines[place] = ",".join(cells)
    if kind == 3:
        lines.insert(random.randrange(len(lines)), lines[place])
    elif kind == 4:
        del lines[place]
    text = "\n".join(lines)
    if kind == 5:
        return text.replace(",", random.choice((";", "\t", ",,"))).encode(random.choice(("utf-16", "utf-32", "cp1252")))
    return text.encode("utf-8", "surrogatepass")


def after_length(mutation: Mutation) -> Mutation:
    """Of safetensors: of the header alone, whose length goes before it."""

    def mutate(random: Random, content: bytes) -> bytes:
        end = 8 + int.from_bytes(content[:8], "little")
        header = mutation(random, content[8:end])
        said = random.choice((len(header), len(header), len(header), len(header) + 1, 2**40))
        return said.to_bytes(8, "little") + header + content[end:]

    return mutate


def as_message(kind: Callable[[], Any]) -> Mutation:
    """Of a protobuf message of that class: a field deep inside that is another, gone or doubled."""

    def mutate(random: Random, content: bytes) -> bytes:
        message = kind()
        message.ParseFromString(content)
        for _ in range(random.choice((1, 1, 2, 4))):
            _edit(random, message)
        return message.SerializeToString()

    return mutate


def _edit(random: Random, message: Any) -> None:
    """Walk down at random, and change a field where the walk ends."""
    while True:
        fields = message.ListFields()
        if not fields:
            fields = [(each, getattr(message, each.name)) for each in message.DESCRIPTOR.fields[:1]]
            if not fields:
                return
        field, value = random.choice(fields)
        inner = _messages_in(field, value)
        if inner and random.random() < 0.85:
            message = random.choice(inner)
            continue
        break
    repeated = not hasattr(value, "DESCRIPTOR") and hasattr(value, "__len__") and not isinstance(value, str | bytes)
    if random.random() < 0.2:
        message.ClearField(field.name)
    elif repeated:
        _edit_repeated(random, field, value)
    elif inner:
        _clear_or_copy(random, message, field, value)
    else:
        _set(random, message, field, value)


def _messages_in(field: Any, value: Any) -> list[Any]:
    if field.message_type is None:
        return []
    if hasattr(value, "DESCRIPTOR"):
        return [value]
    if field.message_type.GetOptions().map_entry:
        return [each for each in value.values() if hasattr(each, "DESCRIPTOR")]
    return list(value)


def _edit_repeated(random: Random, field: Any, value: Any) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key = random.choice(sorted(value, key=str))
        if hasattr(value[key], "CopyFrom") and isinstance(key, str):
            value[random.choice((key + "x", "", "x"))].CopyFrom(value[key])
        del value[key]
        return
    place = random.randrange(len(value))
    kind = random.randrange(3)
    if kind == 0:
        del value[place]
    elif kind == 1:
        value.append(value[place])
    elif field.message_type is None:
        with_ = random.choice((-1, 0, 2**31 - 1, 1)) if isinstance(value[place], int) else value[-1]
        value[place] = with_
    else:
        value[place].CopyFrom(random.choice(list(value)))


def _clear_or_copy(random: Random, message: Any, field: Any, value: Any) -> None:
    others = [other for other, each in message.ListFields() if other.message_type is field.message_type]
    other = random.choice(others)
    taken = getattr(message, other.name)
    if hasattr(taken, "DESCRIPTOR") and hasattr(value, "CopyFrom"):
        value.CopyFrom(taken)
    else:
        message.ClearField(field.name)


def _set(random: Random, message: Any, field: Any, value: Any) -> None:
    choices: Sequence[Any]
    if isinstance(value, bool):
        choices = (not value,)
    elif isinstance(value, int):
        choices = (0, 1, value + 1, value - 1, -value, 99, 2**31 - 1, 2**63 - 1, -1)
    elif isinstance(value, float):
        choices = (0.0, -value, math.nan, math.inf, 1e38)
    elif isinstance(value, bytes):
        choices = (b"", value[:-1], value * 2, bytes(len(value)))
    else:
        choices = ("", value + "x", "x", *TEXTS[2:6])
    try:
        setattr(message, field.name, random.choice(choices))
    except (ValueError, TypeError):  # of a number that the field cannot hold
        message.ClearField(field.name)
