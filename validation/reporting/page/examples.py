"""The pictures that lost most, small, with what reference and artifact say; of class maps, where they differ."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageColor

from reference.images import as_rgb
from reference.manifest import Manifest
from reference.tensor_specs import Meaning

from ...artifact import Source, app_processor, class_names
from ...checks.accuracy import Accuracies
from ...checks.accuracy.independent import HALF, Scored
from ...checks.accuracy.outcomes import Classified, Outcome, Segmented
from ...checks.parity import Parity, parity
from ..formats import number

SIDE = 160  # pixels
WORST = 4  # pictures of each artifact in a runtime
DIFFERENT = (255, 45, 85)
SHOWN = ("probabilities", "scores", "values", "class_map")  # meanings of answers that people can read
SEVERAL = 5  # labels or values in one line


@dataclass(frozen=True)
class Picture:
    """png: as a data URI; says: what it shows."""

    png: str
    says: str


@dataclass(frozen=True)
class Example:
    """One picture in one artifact; lines: what is said of it."""

    artifact: str
    runtime: str
    name: str
    pictures: list[Picture]
    lines: list[str]

    def facts(self) -> dict[str, object]:
        """Without the pictures."""
        return {"artifact": self.artifact, "runtime": self.runtime, "name": self.name, "lines": self.lines}


def worst_of_parity(compared: Sequence[Parity], pictures: Sequence[Image.Image], names: Sequence[str]) -> list[Example]:
    """The pictures whose answers differ most from the reference's; none for features and logits."""
    found = []
    for each in compared:
        if each.ran is None or each.ran.manifest.answer.meaning not in SHOWN:
            continue
        manifest = each.ran.manifest
        maps = manifest.answer.meaning == "class_map"
        differences = np.abs(each.expected.astype(np.float64) - each.answers).reshape(len(each.answers), -1)
        off = (differences > 0).mean(axis=1) if maps else np.nan_to_num(differences.max(axis=1), nan=np.inf)
        for index in (each for each in np.argsort(-off, kind="stable")[:WORST] if off[each] > 0):
            crop = app_processor(manifest).resize_and_crop(pictures[index])
            pair = each.expected[index], each.answers[index]
            shots, lines = (
                _class_maps(crop, *pair, manifest)
                if maps
                else (
                    [_shot(crop, "the picture, cropped")],
                    [
                        f"{who}: {in_words(answer, manifest.answer.meaning, manifest.labels)}"
                        for who, answer in zip(("reference", "artifact"), pair)
                    ],
                )
            )
            found.append(Example(each.label, each.runtime, names[index], shots, lines))
    return found


def worst_of_accuracy(accuracies: Accuracies, checkpoint: Source = None) -> list[Example]:
    """The pictures that lost most of what the truth is worth; of class maps, with these."""
    dataset, before = accuracies.dataset, accuracies.reference.outcome
    found: list[Example] = []
    for measured in accuracies.artifacts:
        artifact, after = measured.artifact, measured.outcome
        order = np.argsort(after.quality() - before.quality(), kind="stable")[:WORST]
        worst = [int(index) for index in order if after.quality()[index] < before.quality()[index]]
        if artifact is None or not worst:
            continue
        if isinstance(before, Segmented):
            images = [dataset[index].image for index in worst]
            compared = [each for each in parity([artifact], images=images, checkpoint=checkpoint) if each.ran][:1]
            found += worst_of_parity(compared, images, [accuracies.images[index] for index in worst])
            continue
        processor = app_processor(artifact.manifest)
        for index in worst:
            lines = [f"truth: {truth(before, index, accuracies.labels)}"]
            for who, outcome in (("reference", before), ("artifact", after)):
                lines.append(f"{who}: {said(outcome, index, accuracies.labels)}")
            shot = _shot(processor.resize_and_crop(dataset[index].image), "the picture, cropped")
            found.append(Example(measured.label, measured.runtime, accuracies.images[index], [shot], lines))
    return found


def truth(outcome: Outcome, index: int, labels: Sequence[str]) -> str:
    """What is true of an image, in words."""
    if isinstance(outcome, Classified):
        return labels[outcome.truth[index]]
    if isinstance(outcome, Scored):
        return ", ".join(label for label, true in zip(labels, outcome.truth[index]) if true) or "none of the labels"
    return "-" if isinstance(outcome, Segmented) else in_words(outcome.truth[index], "values", labels)


def said(outcome: Outcome, index: int, labels: Sequence[str]) -> str:
    """What a model answers to an image, in words."""
    if isinstance(outcome, Classified):
        return f"{labels[outcome.answer[index]]}; {outcome.probability[index]:.1%} for the truth"
    if isinstance(outcome, Segmented):
        return f"{outcome.quality()[index]:.1%} of the pixels right"
    if isinstance(outcome, Scored):
        return in_words(outcome.scores[index], "scores", labels)
    return in_words(outcome.answer[index], "values", labels)


def in_words(answer: np.ndarray, meaning: Meaning, labels: Sequence[str]) -> str:
    """The most probable label, the labels that are more likely than not or else the first, or the first values."""
    best = np.argsort(-answer, kind="stable")
    if meaning == "values":
        return ", ".join(f"{label} {number(value)}" for label, value in list(zip(labels, answer))[:SEVERAL])
    there = [index for index in best if answer[index] > HALF] if meaning == "scores" else []
    shown = [f"{labels[index]} {answer[index]:.1%}" for index in there[:SEVERAL] or best[:1]]
    return ", ".join(shown + ([f"{len(there) - SEVERAL} more"] if len(there) > SEVERAL else []))


def _class_maps(
    crop: np.ndarray, expected: np.ndarray, answer: np.ndarray, manifest: Manifest
) -> tuple[list[Picture], list[str]]:
    """Class maps [H, W], painted in the manifest's colours."""
    names = class_names(manifest)
    black = ["#000000"] * (len(names) - len(manifest.palette))  # of what is not the only label
    colors = np.array([ImageColor.getrgb(color) for color in [*black, *manifest.palette]], np.uint8)
    differ = expected != answer
    grey = np.asarray(as_rgb(crop).convert("L"), np.uint8)[..., None] // 2 + 96
    shown = np.where(differ[..., None], np.array(DIFFERENT, np.uint8), grey)
    lines = [f"{differ.sum():,} of {differ.size:,} pixels differ"]
    pairs, counts = np.unique(np.stack([expected[differ], answer[differ]]), axis=1, return_counts=True)
    if counts.size:
        theirs, ours = pairs[:, counts.argmax()]
        lines.append(f"most often {names[theirs]} by the reference, {names[ours]} here")
    return [
        _shot(crop, "the picture, cropped"),
        _shot(colors[expected], "the reference's class map"),
        _shot(colors[answer], "the artifact's class map"),
        _shot(shown, "where they differ, red"),
    ], lines


def _shot(pixels: np.ndarray, says: str) -> Picture:
    """uint8 [H, W, C], made small; class maps keep their colours."""
    image = as_rgb(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST if "class map" in says else Image.Resampling.BOX)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return Picture(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}", says)
