"""Top-1 of a checkpoint on the validation scenes: `python -m reference.demo evaluate`.

Beside the reference preprocessing it shows what two common mistakes cost: the channel order swapped, and the scene
squashed to the input size instead of resized and cropped.
"""

from __future__ import annotations

from multiprocessing import get_context

import numpy as np
import torch
from PIL import Image
from rich.progress import track

from ..checkpoints import Checkpoint, load_checkpoint
from ..errors import UserError
from .scenes import LABELS, render

PREPROCESSINGS = ("reference", "channel order swapped", "squashed, not cropped")
SCENES_PER_JOB = 25


def evaluate(source: str, size: str | None, *, scenes: int, jobs: int) -> None:
    """Print the top-1 of a checkpoint (see load_checkpoint) on the first `scenes` validation scenes."""
    load_demonstration(source, size)  # a mistake shows here, once, not in every process
    batches = [range(i, min(i + SCENES_PER_JOB, scenes)) for i in range(0, scenes, SCENES_PER_JOB)]
    with get_context("spawn").Pool(jobs, _start, (source, size)) as pool:
        answers = list(track(pool.imap_unordered(_correct, batches), "validation scenes", total=len(batches)))
    for name, percent in zip(PREPROCESSINGS, 100 * np.concatenate(answers).mean(axis=0)):
        print(f"{name:24} top-1 {percent:5.2f} %  ({scenes} scenes)")


def load_demonstration(source: str, size: str | None) -> Checkpoint:
    """`load_checkpoint`; UserError when the checkpoint was trained for other classes than the scenes'."""
    checkpoint = load_checkpoint(source, size)
    if checkpoint.model.config.labels != list(LABELS):
        raise UserError(f"checkpoint {checkpoint.id} does not know the demonstration's {len(LABELS)} classes")
    return checkpoint


def correct(checkpoint: Checkpoint, indices: range) -> np.ndarray:
    """Whether each validation scene is classified correctly: bool [scenes, len(PREPROCESSINGS)]."""
    processor = checkpoint.processor
    side = (processor.crop_size["width"], processor.crop_size["height"])
    rows = []
    for index in indices:
        scene = render("validation", index)
        squashed = np.asarray(scene.image.resize(side, Image.Resampling.BILINEAR))
        inputs = [processor.network_input(pixels) for pixels in (processor.resize_and_crop(scene.image), squashed)]
        batch = torch.from_numpy(np.stack([inputs[0], inputs[0][::-1], inputs[1]]))
        with torch.inference_mode():
            rows.append((checkpoint.model(batch).logits.argmax(dim=1) == scene.label).numpy())
    return np.stack(rows)


_checkpoint: Checkpoint  # each process of the pool has its own


def _start(source: str, size: str | None) -> None:
    global _checkpoint
    torch.set_num_threads(1)
    _checkpoint = load_checkpoint(source, size)


def _correct(indices: range) -> np.ndarray:
    return correct(_checkpoint, indices)
