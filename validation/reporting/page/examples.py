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

from ...artifact import Source, app_processor
from ...checks.accuracy import Accuracies
from ...checks.accuracy.outcomes import Classified
from ...checks.parity import Parity, parity

SIDE = 160  # pixels
WORST = 4  # pictures of each artifact in a runtime
DIFFERENT = (255, 45, 85)


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


def worst_of_parity(compared: Sequence[Parity], pictures: Sequence[Image.Image]) -> list[Example]:
    """The pictures whose answers differ most from the reference's; none for features."""
    found = []
    for each in compared:
        if each.ran is None or each.ran.manifest.answer.meaning not in ("probabilities", "class_map"):
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
                    [f"{who}: {_top(answer, manifest.labels)}" for who, answer in zip(("reference", "artifact"), pair)],
                )
            )
            found.append(Example(each.label, each.runtime, f"picture {index}", shots, lines))
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
        if not (isinstance(before, Classified) and isinstance(after, Classified)):
            images = [dataset[index].image for index in worst]
            compared = [each for each in parity([artifact], images=images, checkpoint=checkpoint) if each.ran][:1]
            found += worst_of_parity(compared, images)
            continue
        processor = app_processor(artifact.manifest)
        for index in worst:
            lines = [f"truth: {accuracies.labels[before.truth[index]]}"]
            for who, said in (("reference", before), ("artifact", after)):
                answer = accuracies.labels[said.answer[index]]
                lines.append(f"{who}: {answer}; {said.probability[index]:.1%} for the truth")
            shot = _shot(processor.resize_and_crop(dataset[index].image), "the picture, cropped")
            found.append(Example(measured.label, measured.runtime, accuracies.images[index], [shot], lines))
    return found


def _top(probabilities: np.ndarray, labels: Sequence[str]) -> str:
    best = int(probabilities.argmax())
    return f"{labels[best]}, {probabilities[best]:.1%}"


def _class_maps(
    crop: np.ndarray, expected: np.ndarray, answer: np.ndarray, manifest: Manifest
) -> tuple[list[Picture], list[str]]:
    """Class maps [H, W], painted in the manifest's colours."""
    colors = np.array([ImageColor.getrgb(color) for color in manifest.palette], np.uint8)
    differ = expected != answer
    grey = np.asarray(as_rgb(crop).convert("L"), np.uint8)[..., None] // 2 + 96
    shown = np.where(differ[..., None], np.array(DIFFERENT, np.uint8), grey)
    lines = [f"{differ.sum():,} of {differ.size:,} pixels differ"]
    pairs, counts = np.unique(np.stack([expected[differ], answer[differ]]), axis=1, return_counts=True)
    if counts.size:
        truth, said = pairs[:, counts.argmax()]
        lines.append(f"most often {manifest.labels[truth]} by the reference, {manifest.labels[said]} here")
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
