"""Accuracy of a checkpoint on the validation scenes: `python -m reference.demo evaluate`.

Top-1 for classification, mean IoU for segmentation. Beside the reference preprocessing it shows what two common
mistakes cost: the channel order swapped, and the scene squashed to the input size instead of resized and cropped.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from rich.progress import track

from ..checkpoints import Checkpoint, load_checkpoint
from ..confusion import iou, mean_iou, top_1
from ..errors import UserError
from ..manifest import Task
from ..processes import processes
from ..scenes import LABELS, SEGMENT_LABELS, Scene, render

PREPROCESSINGS = ("reference", "channel order swapped", "squashed, not cropped")
SCENES_PER_JOB = 25


def evaluate(source: str, size: str | None, task: Task, *, scenes: int, jobs: int) -> None:
    """Print the accuracy of a checkpoint (see load_checkpoint) on the first `scenes` validation scenes."""
    checkpoint = load_demonstration(source, size, task)  # a mistake shows here, once, not in every process
    batches = [range(i, min(i + SCENES_PER_JOB, scenes)) for i in range(0, scenes, SCENES_PER_JOB)]
    with processes(jobs, _start, source, size, task) as pool:
        answers = track(pool.map(_confusion, batches), "validation scenes", total=len(batches))
        counts = np.sum(list(answers), axis=0)
    title = "mIoU" if task == "segmentation" else "top-1"
    for name, count in zip(PREPROCESSINGS, counts):
        percent = 100 * (mean_iou(count) if task == "segmentation" else top_1(count))
        print(f"{name:24} {title} {percent:5.2f} %  ({scenes} scenes)")
    if task == "segmentation":
        for label, share in zip(checkpoint.model.config.labels, iou(counts[0])):
            print(f"    {label:20} IoU   {100 * share:5.2f} %")


def load_demonstration(source: str, size: str | None, task: Task = "classification") -> Checkpoint:
    """`load_checkpoint`; UserError when the checkpoint was trained for other classes than the scenes'."""
    checkpoint = load_checkpoint(source, size, task)
    require_demonstration(checkpoint.id, task, checkpoint.model.config.labels)
    return checkpoint


def require_demonstration(id: str, task: Task, labels: list[str]) -> None:
    """UserError unless the labels of checkpoint `id` are the scenes' own."""
    own = SEGMENT_LABELS if task == "segmentation" else LABELS
    if task == "features" or labels != list(own):
        raise UserError(f"checkpoint {id} does not know the demonstration's {len(own)} {task} classes")


def confusion(checkpoint: Checkpoint, indices: range) -> np.ndarray:
    """How often each class was answered on validation scenes: int64 [len(PREPROCESSINGS), truth, answer].

    Segmentation counts pixels of the crop: logits are resized to it as post_process_semantic_segmentation does.
    """
    count = checkpoint.model.config.num_labels
    totals = np.zeros((len(PREPROCESSINGS), count, count), dtype=np.int64)
    for index in indices:
        scene = render("validation", index)
        pixels, truth = _inputs_and_truth(checkpoint, scene)
        values = np.stack([checkpoint.processor.network_input(each) for each in pixels])
        values = np.insert(values, 1, values[0, ::-1], axis=0)
        with torch.inference_mode():
            output = checkpoint.model(torch.from_numpy(values))
        if checkpoint.task == "classification":
            answers = list(output.logits.argmax(dim=1))
        else:
            sizes = [values.shape[2:]] * len(values)
            answers = checkpoint.processor.post_process_semantic_segmentation(output, sizes)
        for place, (answer, right) in enumerate(zip(answers, (truth[0], truth[0], truth[1]))):
            pairs = np.ravel(right) * count + np.ravel(answer)
            totals[place] += np.bincount(pairs, minlength=count**2).reshape(count, count)
    return totals


def _inputs_and_truth(checkpoint: Checkpoint, scene: Scene) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The cropped and the squashed pixels, and the truth of each: a label, or a class per pixel."""
    processor = checkpoint.processor
    side = (processor.crop_size["width"], processor.crop_size["height"])
    pixels = [
        processor.resize_and_crop(scene.image),
        np.asarray(scene.image.resize(side, Image.Resampling.BILINEAR)),
    ]
    if checkpoint.task == "classification":
        return pixels, [np.array(scene.label)] * 2
    cropped = processor(scene.image, scene.segments)["labels"][0]
    squashed = np.asarray(scene.segments.resize(side, Image.Resampling.NEAREST), dtype=np.int64)
    return pixels, [cropped, squashed]


_checkpoint: Checkpoint  # each process of the pool has its own


def _start(source: str, size: str | None, task: Task) -> None:
    global _checkpoint
    torch.set_num_threads(1)
    _checkpoint = load_checkpoint(source, size, task)


def _confusion(indices: range) -> np.ndarray:
    return confusion(_checkpoint, indices)
