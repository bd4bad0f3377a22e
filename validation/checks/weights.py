"""A file's weights, held to the checkpoint's: each number is to be the nearest one that the file's format has.

Rounding moves a number by half a step at most. What lies farther off is another network, however well rounding hides it
in the answers. Nothing runs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from reference.checkpoints import Checkpoint
from reference.manifest import Manifest

from ..graphs import Cells, Stored
from .layer_forms import Part, parts

FOLDED = 2.0**-20  # of a tensor's largest number: sixteen roundings of float32, while weights are folded
EPSILON = 0.01  # of itself
SMALLEST = 2.0**-24  # of float16's numbers, which smaller epsilons become, and its steps there
MOVED = "bias correction"  # the manifest's word for biases that make up for rounded weights
# It moves the channels of a layer by as much, give or take. Three of four move by less than 1.15 standard deviations,
# and what lies sixteen times as far off is something else. Where it moves nothing, eight steps are.
MOST, BEYOND, FAR = 0.75, 16, 8
BIAS, WEIGHT = ".bias", ".weight"
NAMED = 3
CORNER = 4  # numbers along each axis

Pool = dict[tuple[int, ...], list[Cells]]  # by their shapes, sorted


@dataclass(frozen=True)
class Placed:
    """A layer's weights, and the file's tensor that comes nearest.

    share: of its numbers, those farther off than rounding explains; steps: how far, at most, beyond that.
    """

    layer: str
    tensor: str
    share: float
    steps: float


def foreign_weights(manifest: Manifest, found: Stored, checkpoint: Checkpoint) -> list[str]:
    """What a file holds that is not the checkpoint's, a line each."""
    wanted, moved = parts(checkpoint, manifest.input.scale), []
    if manifest.calibration is not None and MOVED in manifest.calibration.method:
        moved = _foreign_shifts(wanted, found.cells)
        wanted = [each for each in wanted if not each.name.endswith(BIAS)]
    wrong = [each for each in placed(wanted, found.cells) if each.share > 0]
    lines = [
        f"{each.share:.0%} of {each.layer} are not the checkpoint's, rounded: up to {each.steps:.2g} steps off"
        f"{f' in {each.tensor}' if each.tensor else ''}"
        for each in sorted(wrong, key=lambda each: -each.share)[:NAMED]
    ]
    rest = [f"the same of {len(wrong) - NAMED} more layers"] if len(wrong) > NAMED else []
    return [*lines, *rest, *moved, *_foreign_epsilons(found, checkpoint)]


def placed(wanted: Iterable[Part], cells: Iterable[Cells]) -> list[Placed]:
    """Each part beside the tensor that most of its numbers are in."""
    pool: Pool = {}
    for whole in cells:
        # Query, key and value may stand in one tensor.
        axes = [axis for axis, size in enumerate(whole.step.shape) if size % 3 == 0]
        for each in [whole, *(piece for axis in axes for piece in whole.parts(axis, 3))]:
            flat = Cells(each.name, *map(np.squeeze, (each.low, each.high, each.step)))
            pool.setdefault(tuple(sorted(flat.step.shape)), []).append(flat)
    return [_place(part, pool) for part in wanted]


def _distance(placed: Placed) -> tuple[float, float]:
    return placed.share, placed.steps


def _place(part: Part, pool: Pool) -> Placed:
    """Its form that comes nearest. The tensors that a few of its numbers fit go first: nearly always one is it."""
    for corner in (True, False):
        best = min((_placed(part.name, form, pool, corner) for form in part.forms), key=_distance)
        if best.share == 0:
            break
    return best


def _placed(layer: str, form: tuple[np.ndarray, ...], pool: Pool, corner: bool) -> Placed:
    """The farthest of its pieces."""
    return max((_nearest(layer, np.squeeze(piece), pool, corner) for piece in form), key=_distance)


def _nearest(layer: str, wanted: np.ndarray, pool: Pool, corner: bool) -> Placed:
    """corner: only among the tensors that a few of its numbers fit."""
    best, more = Placed(layer, "", 1.0, math.inf), FOLDED * np.abs(wanted).max()
    for cells in pool.get(tuple(sorted(wanted.shape)), ()):
        for axes in itertools.permutations(range(wanted.ndim)):  # formats differ in the order
            values = wanted.transpose(axes)
            if values.shape == cells.step.shape and not (corner and (_outside(cells, values, more, CORNER) > 0).any()):
                best = min(best, _compared(layer, cells, values, more), key=_distance)
    return best


def _compared(layer: str, cells: Cells, values: np.ndarray, more: float) -> Placed:
    outside = _outside(cells, values, more)
    with np.errstate(all="ignore"):  # a file's scale may be 0, its numbers no numbers
        steps = float(np.nan_to_num(outside / cells.step, nan=math.inf).max())
    return Placed(layer, cells.name, float((~(outside <= 0)).mean()), steps)


def _outside(cells: Cells, values: np.ndarray, more: float, first: int | None = None) -> np.ndarray:
    """How far outside its cell each number is, of the first along each axis."""
    part = (slice(first),) * values.ndim
    with np.errstate(all="ignore"):
        return np.maximum(cells.low[part] - values[part], values[part] - cells.high[part]) - more


def _foreign_shifts(wanted: Sequence[Part], cells: Iterable[Cells]) -> list[str]:
    """Biases far off those of the same layer that bias correction moved the most: a line for each layer."""
    vectors = [Cells("", *map(np.squeeze, (each.low, each.high, each.step))) for each in cells]
    weights = {each.name.removesuffix(WEIGHT): each.forms[0][0] for each in wanted if each.name.endswith(WEIGHT)}
    lines = []
    for part in (each for each in wanted if each.name.endswith(BIAS)):
        pairs = [
            (np.maximum(_outside(held, form, FOLDED * np.abs(form).max()), 0), held.step)
            for (form,) in part.forms
            for held in vectors
            if held.step.shape == form.shape
        ]
        if not pairs:
            lines.append(f"{part.name} is not in the file")
            continue
        far, step = min(pairs, key=lambda pair: float(np.quantile(pair[0], MOST)))
        usual = float(np.quantile(far, MOST))
        # What rounding costs a channel goes with the size of its weights.
        size = np.linalg.norm(weights[part.name.removesuffix(BIAS)].reshape(len(far), -1), axis=1)
        more = far / np.maximum(FAR * step, BEYOND * usual * np.maximum(size / np.median(size), 1))
        channel = int(more.argmax())
        if more[channel] > 1:
            lines.append(
                f"{part.name}[{channel}] is {far[channel]:.2g} off the checkpoint's, where bias correction moved three "
                f"of four by less than {usual:.2g}"
            )
    return lines


def _foreign_epsilons(found: Stored, checkpoint: Checkpoint) -> list[str]:
    norms = [each for each in checkpoint.model.modules() if isinstance(each, nn.LayerNorm | nn.BatchNorm2d)]
    own = {type(each).__name__.removesuffix("2d"): each.eps for each in norms}
    wrong = {
        (kind, value)
        for kind, value in found.epsilons
        if not math.isclose(value, own[kind], rel_tol=EPSILON, abs_tol=SMALLEST)
    }
    return [
        f"{kind}'s epsilon is {value:.3g} in the file, the checkpoint's {own[kind]}" for kind, value in sorted(wrong)
    ]
