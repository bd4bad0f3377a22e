"""Why an artifact's answers differ: mistakes that explain them, said in words.

A mistake is named only where the reference, making it, answers as the artifact does, to the bounds that sound artifacts
of these numbers are held to. Answers that merely come nearer prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from reference import answers as reference_answers
from reference.manifest import ArtifactFacts
from reference.tensor_specs import Meaning
from reference.tolerances import tolerance

from ..runtimes.pytorch import PyTorchRuntime
from .localize import Located, first_bad
from .metrics import METRICS, compare
from .mistakes import INPUT_MISTAKES, InputMistake, right_values
from .network_mistakes import NETWORK_MISTAKES, OUTPUT_MISTAKES, NetworkMistake, OutputMistake

ENOUGH = 16  # images that mistakes are imitated on
BEST = 3  # of all imitations, by the image that differs most, those that are tried on the other images
FARTHEST, EACH_IMAGES = "max_abs_error", "cosine"
ALIKE = 2.0  # in units of the best one's squared distance: imitations that cannot be told apart


@dataclass(frozen=True)
class Imitation:
    """The reference with a mistake; bounded_as: whose bounds its answers have; answer: to a picture."""

    says: str
    bounded_as: Meaning
    answer: Callable[[Image.Image], np.ndarray]


def diagnose(
    answers: np.ndarray,
    expected: np.ndarray,
    meaning: Meaning,
    facts: ArtifactFacts,
    reference: PyTorchRuntime,
    images: Sequence[Image.Image],
) -> list[str]:
    """Causes that explain wrong answers, the best first; none where nothing known does.

    Args:
        answers, expected: the artifact's and the reference's, [images, ...].
        facts: what the artifact computes with, which bounds follow from.
        reference: its checkpoint has the right preprocessing.
        images: the pictures, unprocessed.
    """
    if not np.isfinite(answers).all():
        share = np.mean([not np.isfinite(each).all() for each in answers])
        return [f"answers are not finite for {share:.0%} of the images: numbers overflow, as float16's do beyond 65504"]
    answers, expected, images = answers[:ENOUGH], expected[:ENOUGH], images[:ENOUGH]

    own = tolerance(facts, meaning, expected).bounds

    def pass_as(judged: Meaning, right: np.ndarray, given: np.ndarray) -> bool:
        measured, bounds = compare(judged, right, given), tolerance(facts, judged, right).bounds
        # A mistake behind the network may make answers smaller, and not by as much what they are off by already.
        bounds = {name: max(bound, own.get(name, 0)) if name == FARTHEST else bound for name, bound in bounds.items()}
        # What a softmax made has its noise in few images, the unsure ones: no bound of each image's fits them.
        if judged != meaning:
            bounds.pop(EACH_IMAGES, None)
        return all(METRICS[name].passes(measured[name], bound) for name, bound in bounds.items())

    nearest = [int(np.argmin([_distance(other, mine) for other in expected])) for mine in answers]
    others = [f"image {mine + 1} that of image {other + 1}" for mine, other in enumerate(nearest) if mine != other]
    if others and pass_as(meaning, expected[nearest], answers):
        return [f"images get the answers of other images: {', '.join(others)}"]

    distances = [_distance(*pair) for pair in zip(expected, answers)]
    worst = int(np.argmax(distances))
    nearer = []
    for each in imitations(reference, meaning):
        wrong = each.answer(images[worst])
        if wrong.shape == answers[worst].shape and (found := _distance(wrong, answers[worst])) < distances[worst]:
            nearer.append((found, each))
    explained: dict[str, float] = {}
    for _, each in sorted(nearer, key=lambda pair: pair[0])[:BEST]:
        wrong = np.stack([each.answer(image) for image in images])
        # What a sound artifact's own numbers would hide cannot be what made this one fail.
        if pass_as(each.bounded_as, wrong, answers) and not pass_as(meaning, expected, wrong):
            explained.setdefault(each.says, _distance(wrong, answers))
    best = min(explained.values(), default=0.0)
    return [f"answers match if {says}" for says, distance in explained.items() if distance <= ALIKE * best]


def imitations(reference: PyTorchRuntime, meaning: Meaning) -> Iterator[Imitation]:
    """All known mistakes that answers of this meaning can show."""
    checkpoint = reference.checkpoint

    def of_input(mistake: InputMistake) -> Imitation:
        return Imitation(mistake.says, meaning, lambda image: reference.answer(mistake.values(checkpoint, image)))

    def of_network(mistake: NetworkMistake) -> Imitation:
        wrong = PyTorchRuntime(mistake.made(checkpoint), meaning)
        return Imitation(mistake.says, meaning, lambda image: wrong.answer(right_values(checkpoint, image)))

    def of_output(mistake: OutputMistake) -> Imitation:
        right: Meaning = "class_map" if meaning == "class_map" else "logits"
        return Imitation(
            mistake.says,
            mistake.bounded_as or meaning,
            lambda image: mistake.answer(reference_answers.answer(checkpoint, right_values(checkpoint, image), right)),
        )

    yield from map(of_output, (each for each in OUTPUT_MISTAKES if meaning in each.meanings))
    yield from map(of_input, INPUT_MISTAKES)
    yield from map(of_network, NETWORK_MISTAKES)


def _distance(expected: np.ndarray, answers: np.ndarray) -> float:
    """Squared; of class maps, the pixels that differ."""
    if np.issubdtype(expected.dtype, np.integer):
        return float((expected != answers).sum())
    return float(np.square(expected.astype(np.float64) - answers).sum())


def where(located: Sequence[Located], bound_db: float) -> list[str]:
    """The place where an artifact leaves the reference, in words; bound_db: what a sound layer reaches."""
    bad = first_bad(located, bound_db)
    if bad is None:
        return ["no single layer differs by much: what differs comes after the last convolution, or adds up on the way"]
    if bad is located[0] and not any(each.sqnr_db >= bound_db for each in located):
        return [
            f"every layer differs, from {bad.module} on: what the network sees, or its weights, are not the "
            "reference's, and no known mistake explains it"
        ]
    return [
        f"the first layer that differs is {bad.module} ({bad.sqnr_db:.0f} dB; {bad.tensor} in the artifact), or what "
        "lies between it and the convolution before"
    ]
