"""A file's operations, values and weights as one plain graph, whatever its format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


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

    compression: how they are decompressed, for example "scale per channel" or a constexpr operation; else "none".
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
