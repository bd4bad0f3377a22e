"""What a .tflite, .mlpackage or .onnx file computes, as one plain graph; read from the file alone, nothing runs.

Files of others are welcome: no manifest is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from reference.errors import UserError

READERS = {".tflite": ".tflite", ".mlpackage": ".mlpackage", ".onnx": ".onnx"}


@dataclass(frozen=True)
class Value:
    """A tensor: its element type as NumPy spells it, and its shape, None where open (None for all: even the rank is).

    constant: stored in the file.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    constant: bool = False


@dataclass(frozen=True)
class Node:
    """An operation; inputs and outputs are names of values."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """Stored values of one type and purpose.

    compression: how they are decompressed, "scale per channel" or a constexpr operation say; "none" where they are not.
    """

    data_type: str
    compression: str
    tensors: int
    bytes: int


@dataclass(frozen=True)
class Graph:
    """All operations of a file, those of inner blocks included, constants aside.

    flexible: inputs of more than one shape, and how: "enumerated" or "range"; weights: largest first.
    """

    format: str
    nodes: list[Node]
    values: Mapping[str, Value]
    weights: list[Weights]
    flexible: Mapping[str, str] = field(default_factory=dict)


def tally(stored: Iterable[tuple[str, str, int]]) -> list[Weights]:
    """Tensors as (type, compression, bytes) -> together by type and compression, largest first."""
    tensors: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for data_type, compression, size in stored:
        tensors[data_type, compression] += 1
        sizes[data_type, compression] += size
    return [Weights(*key, tensors[key], size) for key, size in sizes.most_common()]


def read(artifact: Path) -> Graph:
    """The graph in a file.

    Raises:
        UserError: for a file of another kind, one that is broken, or where the library that reads it is missing.
    """
    if not artifact.exists():
        raise UserError(f"{artifact} does not exist")
    if artifact.suffix not in READERS:
        raise UserError(f"{artifact} is none of {', '.join(READERS)}")
    return import_module(READERS[artifact.suffix], __name__).read(artifact)
