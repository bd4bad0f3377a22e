"""What compression makes of each weight, chosen once, here: coremltools only gives it its form.

Nothing in here or in what coremltools does with it sorts float16, which NumPy 2.4 does wrongly on processors with
AVX-512: coremltools' own palettes had up to four times the entries asked for there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.export import ExportedProgram

# Tensors of up to so many elements stay as they are: depthwise kernels and narrow layers, which save little.
SMALLEST = 512
# A palette serves all channels of a tensor, however unlike they are. Depthwise kernels and the first layers suffer most
# by that, and are the smallest: left as they are, up to this share of all weights, they take away half of the error.
SPARED = 1 / 64
STARTS = 4  # clusters that k-means begins with, for each that it ends with
ROUNDS = 1000  # of Lloyd's algorithm at most; several hundred have been seen


@dataclass(frozen=True)
class Palette:
    """A tensor out of few values.

    table: float32 [2**bits]; indices: uint8, of the tensor's shape.
    """

    table: np.ndarray
    indices: np.ndarray

    @property
    def dense(self) -> np.ndarray:
        """float32"""
        return self.table[self.indices]


@dataclass(frozen=True)
class Multiples:
    """A tensor out of multiples, -127 to 127, of a scale for each output channel.

    scales: float32 [O, 1, ...]; multiples: int8, of the tensor's shape [O, ...].
    """

    scales: np.ndarray
    multiples: np.ndarray

    @property
    def dense(self) -> np.ndarray:
        """float32"""
        return self.multiples * self.scales


Chosen = Palette | Multiples


def weights_to_compress(program: ExportedProgram, *, palettes: bool) -> dict[str, np.ndarray]:
    """float32, by their names in `program`; palettes: whether they get some, for which fewer are fit."""
    named = {name: program.state_dict[name] for name in program.graph_signature.inputs_to_parameters.values()}
    weights = {name: each.numpy() for name, each in named.items() if each.dim() > 1}
    largest = spared([each.size for each in weights.values()]) if palettes else SMALLEST
    return {name: each for name, each in weights.items() if each.size > largest}


def spared(sizes: Sequence[int]) -> int:
    """Tensors of up to so many elements get no palette: see SPARED."""
    fit = [size for size in sizes if sum(each for each in sizes if each <= size) <= SPARED * sum(sizes)]
    return max([SMALLEST, *fit])


def palette(weight: np.ndarray, bits: int) -> Palette:
    """The table of 2**bits values with the least squared error, as far as k-means finds it; zeros fill it up."""
    centres = k_means(weight, 2**bits)
    table = np.zeros(2**bits, np.float32)
    table[: len(centres)] = centres
    nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, weight)
    return Palette(table, nearest.astype(np.uint8))


def multiples(weight: np.ndarray) -> Multiples:
    """The largest weight of each output channel is 127 times its scale."""
    scales = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True) / np.float32(127)
    steps = np.divide(weight, scales, out=np.zeros_like(weight), where=scales > 0)
    return Multiples(scales, steps.round().astype(np.int8))


def k_means(values: np.ndarray, count: int) -> np.ndarray:
    """At most `count` centres, float64, ascending.

    On a line a cluster is a run of sorted values, and its sum a difference of two running sums. To begin, the line is
    cut where squared error is even over all pieces (density to the power of 1/3: Panter and Dite, 1951), finer than
    asked for; then neighbours are merged that lose least by it (Equitz, 1989). Lloyd's algorithm ends it. Within a few
    per cent of the exact optimum, whose solver takes half a minute for a small network; scikit-learn's k-means takes
    seconds and ends further away.
    """
    line, counts = np.unique(values.astype(np.float64), return_counts=True)
    if len(line) <= count:
        return line  # as they are: differences of running sums would lose the smallest beside the largest
    number, total = (np.concatenate(([0], np.cumsum(each))) for each in (counts, counts * line))
    ends = np.arange(len(line) + 1)
    if len(line) > STARTS * count:
        gaps = np.concatenate(([0], np.cumsum(np.diff(line) ** (2 / 3))))
        ends = np.unique((0, *np.searchsorted(gaps, np.linspace(0, gaps[-1], STARTS * count + 1)[1:-1]), len(line)))
    while len(ends) > count + 1:
        members, centres = np.diff(number[ends]), np.diff(total[ends]) / np.diff(number[ends])
        loss = np.diff(centres) ** 2 / (1 / members[1:] + 1 / members[:-1])
        ends = np.delete(ends, 1 + loss.argmin())
    for _ in range(ROUNDS):
        centres = np.diff(total[ends]) / np.diff(number[ends])
        moved = np.unique((0, *np.searchsorted(line, (centres[1:] + centres[:-1]) / 2), len(line)))
        if np.array_equal(moved, ends):
            break
        ends = moved
    return centres
