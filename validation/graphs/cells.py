"""Stored numbers as what they stand for: each one for the reals that its format rounds to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

HALF = 2.0**-11  # of itself, what rounding to float16 costs a number


@dataclass(frozen=True)
class Cells:
    """A constant of a file, decompressed.

    name: the file's. low, high: of each number, the ends of what is rounded to it; step: how far its nearest neighbour
    is. All float64, of the shape in the file.
    """

    name: str
    low: np.ndarray
    high: np.ndarray
    step: np.ndarray

    def parts(self, axis: int, count: int) -> list[Cells]:
        """Cut along an axis into so many equal ones."""
        pieces = zip(*(np.split(each, count, axis) for each in (self.low, self.high, self.step)))
        return [Cells(self.name, *each) for each in pieces]


@dataclass(frozen=True)
class Stored:
    """All constants of a file that are weights; epsilons: of its norms, which files write down, by the kind of norm."""

    cells: list[Cells] = field(default_factory=list)
    epsilons: list[tuple[str, float]] = field(default_factory=list)


def of_floats(name: str, values: np.ndarray) -> Cells:
    """Of a float type; each number's neighbours are the spacing of its type away."""
    step = np.spacing(np.abs(values)).astype(np.float64)
    return _around(name, values.astype(np.float64), step, step / 2)


def of_integers(name: str, integers: np.ndarray, scale: np.ndarray, zero_point: np.ndarray) -> Cells:
    """Multiples of a scale; scale and zero point broadcast against the integers."""
    step = np.broadcast_to(scale.astype(np.float64), integers.shape)
    values = (integers.astype(np.float64) - zero_point) * step
    return _around(name, values, step, step / 2 + _rounded_twice(np.abs(values) + step / 2, scale))


def of_table(name: str, indices: np.ndarray, table: np.ndarray) -> Cells:
    """Entries of a table, of which the nearest one is taken; what lies beyond its ends is rounded to them."""
    entries, place = np.unique(table.astype(np.float64), return_inverse=True)
    gaps, middles = np.diff(entries), (entries[1:] + entries[:-1]) / 2
    nearest = np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps))
    more = _rounded_twice(np.maximum(np.abs(entries[1:]), np.abs(entries[:-1])), table)
    low, high = np.append(-np.inf, middles - more), np.append(middles + more, np.inf)
    return Cells(name, *(each[place.ravel()[indices]] for each in (low, high, nearest)))


def along(axis: int, vector: np.ndarray, rank: int) -> np.ndarray:
    """A vector to be broadcast along an axis; a single number along all."""
    return vector.reshape([-1 if each == axis % rank else 1 for each in range(rank)] if vector.size > 1 else ())


def _around(name: str, values: np.ndarray, step: np.ndarray, reach: np.ndarray) -> Cells:
    return Cells(name, values - reach, values + reach, step)


def _rounded_twice(ends: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """What scales or tables of float16 cost the ends of a cell: they are rounded, and the weights were before they were
    chosen. `ends`: at least as large as those."""
    return 2 * HALF * ends * (kept.dtype == np.float16)


def from_bits(packed: np.ndarray, bits: int, count: int) -> np.ndarray:
    """Numbers of fewer than 8 bits out of bytes, the lowest bits first, [count]."""
    places = np.unpackbits(packed.astype(np.uint8), bitorder="little")[: count * bits].reshape(count, bits)
    return (places.astype(np.intp) << np.arange(bits)).sum(axis=1)
