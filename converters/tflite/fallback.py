"""Float where int8 costs the most: `--max-drop` quantizes as much as keeps the accuracy on labelled images."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from reference import scenes
from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.labels import LabelIndex
from reference.picture_files import images_in, open_image

from ..anatomy import PART
from .apply import apply
from .interpreters import from_stored, running, to_stored
from .ranges import Quantity
from .recipes import FLOAT, Rule

SCENES = range(1000, 1300)  # of the training split, beyond those that ranges are measured on


@dataclass(frozen=True)
class Step:
    """One point of the frontier: what stayed float, and what that gives; drop: points of top-1 below float32's."""

    kept: tuple[str, ...]
    content: bytes
    milliseconds: float
    percent: float
    drop: float

    def __str__(self) -> str:
        return (
            f"{len(self.kept):2d} parts float  {len(self.content) / 1e6:.2f} MB  {self.milliseconds:.1f} ms  "
            f"top-1 {self.percent:.2f} %  drop {self.drop:+.2f}{'  + ' + self.kept[-1] if self.kept else ''}"
        )


@dataclass(frozen=True)
class Labelled:
    """Images as an app hands them over, uint8 [H, W, C], and their class indices."""

    pixels: list[np.ndarray]
    classes: np.ndarray


def labelled_images(checkpoint: Checkpoint, folder: Path | None) -> Labelled:
    """Rendered training scenes for the demonstration, or the images of `folder`, one sub-folder for each label.

    Raises:
        UserError: without a folder for another checkpoint, for other tasks, or a sub-folder that is no label.
    """
    if checkpoint.task != "classification":
        raise UserError("--max-drop measures top-1: it is for --task classification")
    crop = checkpoint.processor.resize_and_crop
    if folder is None:
        if checkpoint.id != "demo":
            raise UserError(f"--max-drop of checkpoint {checkpoint.id} needs --labelled FOLDER, a sub-folder per label")
        rendered = [scenes.render("train", index) for index in SCENES]
        return Labelled([crop(each.image) for each in rendered], np.array([each.label for each in rendered]))
    labels = LabelIndex(checkpoint.model.config.labels)
    paths = images_in(folder)
    classes = [labels.find(path.parent.name) for path in paths]
    wrong = next((path for path, index in zip(paths, classes) if index is None), None)
    if wrong is not None:
        raise UserError(
            f"{wrong.parent.name} in {folder} is no label of checkpoint {checkpoint.id}: name the folder after its "
            "label, or the label's number"
        )
    return Labelled([crop(open_image(path)) for path in paths], np.array(classes))


def walk(
    plain: bytes,
    rules: Sequence[Mapping[str, Any]],
    ranges: Mapping[str, Quantity],
    images: Labelled,
    max_drop: float,
) -> tuple[list[Step], list[dict[str, Any]]]:
    """From all that `rules` quantize to less, the most harmful part first, until the drop is below `max_drop`.

    Harm is the mean difference of probabilities that a part's return to float takes away, measured one by one.

    Returns:
        The steps, the last of which is the answer, and its rules.

    Raises:
        UserError: where even float parts alone do not get there.
    """
    exact, _ = _answers(plain, images)
    top = _percent(exact, images)

    def step(kept: Sequence[str]) -> tuple[Step, float]:
        content = apply(plain, [*rules, *_floats(kept)], ranges)
        answers, milliseconds = _answers(content, images)
        percent = _percent(answers, images)
        error = float(np.abs(answers - exact).max(1).mean())
        return Step(tuple(kept), content, milliseconds, percent, top - percent), error

    first, error = step(())
    steps = [first]
    if first.drop > max_drop:
        gains = {part: error - step((part,))[1] for part in _parts(plain)}
        for part in sorted(gains, key=lambda part: -gains[part]):
            steps.append(step((*steps[-1].kept, part))[0])
            if steps[-1].drop <= max_drop:
                break
        else:
            raise UserError(f"no choice of float parts keeps the drop below {max_drop} points: {steps[-1]}")
    return steps, [*map(dict, rules), *_floats(steps[-1].kept)]


def _floats(parts: Sequence[str]) -> list[dict[str, Any]]:
    return [entry for part in parts for entry in Rule(FLOAT, scope=re.escape(part) + "/").entries()]


def _parts(plain: bytes) -> list[str]:
    """What goes back to float as one, in the network's order."""
    names = [detail["name"] for detail in Interpreter(model_content=plain).get_tensor_details()]
    return list(dict.fromkeys(found.group() for found in map(PART.search, names) if found))


def _answers(content: bytes, images: Labelled) -> tuple[np.ndarray, float]:
    """Probabilities [images, labels], and the median of the thread's milliseconds."""
    interpreter = running(content)
    (feed,), (fetch,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers, times = [], []
    for pixels in images.pixels:
        interpreter.set_tensor(feed["index"], to_stored(pixels[None], feed))
        started = time.thread_time_ns()
        interpreter.invoke()
        times.append((time.thread_time_ns() - started) / 1e6)
        answers.append(from_stored(interpreter.get_tensor(fetch["index"])[0], fetch))
    return np.array(answers), float(np.median(times))


def _percent(answers: np.ndarray, images: Labelled) -> float:
    return 100 * float((answers.argmax(1) == images.classes).mean())
