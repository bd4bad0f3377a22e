"""Why an artifact's answers differ: mistakes that explain them, said in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from reference.tensor_specs import Meaning

from ..runtimes.pytorch import PyTorchRuntime
from .localize import Located, first_bad
from .metrics import sqnr_db
from .mistakes import INPUT_MISTAKES, OUTPUT_MISTAKES, right_logits, wrong_answers

# A mistake explains an answer when, made on purpose, it takes away this much of the difference.
EXPLAINS_DB = 10.0
ENOUGH = 4  # images that mistakes are imitated on


def diagnose(
    answers: np.ndarray,
    expected: np.ndarray,
    meaning: Meaning,
    reference: PyTorchRuntime,
    images: Sequence[Image.Image],
) -> list[str]:
    """Causes that explain wrong answers, the best first; none where nothing known does.

    Args:
        answers, expected: the artifact's and the reference's, [images, ...].
        reference: its checkpoint has the right preprocessing.
        images: the pictures, unprocessed.
    """
    if not np.isfinite(answers).all():
        share = np.mean([not np.isfinite(each).all() for each in answers])
        return [f"answers are not finite for {share:.0%} of the images: numbers overflow, as float16's do beyond 65504"]
    answers, expected, images = answers[:ENOUGH], expected[:ENOUGH], images[:ENOUGH]
    before = _agreement(expected, answers, meaning)
    explained: list[tuple[float, str]] = []
    of_meaning = [each for each in OUTPUT_MISTAKES if meaning in each.meanings]
    if of_meaning:
        logits = np.stack([right_logits(reference.checkpoint, image) for image in images])
        explained += [(_agreement(each.answers(logits), answers, meaning), each.says) for each in of_meaning]
    for mistake in INPUT_MISTAKES:
        wrong = wrong_answers(mistake, reference.checkpoint, list(images), reference)
        if not np.array_equal(wrong, expected):  # the filter that is the right one, for instance
            explained.append((_agreement(wrong, answers, meaning), mistake.says))
    best = max(explained, default=(before, ""))
    return [f"answers match if {best[1]}"] if best[0] >= before + EXPLAINS_DB else []


def where(located: Sequence[Located], bound_db: float) -> list[str]:
    """The place where an artifact leaves the reference, in words; bound_db: what a sound layer reaches."""
    bad = first_bad(located, bound_db)
    if bad is None:
        return ["no single layer differs by much: what differs comes after the last convolution, or adds up on the way"]
    if bad is located[0] and not any(each.sqnr_db >= bound_db for each in located):
        return [f"every layer differs, from {bad.module} on: the artifact has other weights than the checkpoint"]
    return [
        f"the first layer that differs is {bad.module} ({bad.sqnr_db:.0f} dB; {bad.tensor} in the artifact), or what "
        "lies between it and the convolution before"
    ]


def _agreement(expected: np.ndarray, answers: np.ndarray, meaning: Meaning) -> float:
    """In dB; of class maps, the pixels that agree stand for the signal and the others for the noise."""
    if meaning != "class_map":
        return sqnr_db(expected, answers)
    wrong = float((expected != answers).mean())
    return float(10 * np.log10((1 - wrong + 1e-9) / (wrong + 1e-9)))
