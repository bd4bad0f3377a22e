"""Accuracy of artifacts beside their reference, on the same images: `python -m validation accuracy`.

Top-1 for classifiers, mean IoU for segmentation, on the rendered validation scenes. Every image goes through all
models, so that the drop is paired: its interval is far narrower than the accuracies' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from reference.demo.evaluate import SCENES_PER_JOB, mean_iou, require_demonstration, top_1
from reference.demo.scenes import render
from reference.errors import UserError
from reference.manifest import Manifest, read_manifest

from .artifacts import app_processor, reference_of
from .runtimes import NotRun, Runtime, load
from .runtimes.pytorch import PyTorchRuntime

RESAMPLES = 1000  # of the bootstrap


@dataclass(frozen=True)
class Accuracy:
    """One model on the images; `counts` [images, classes, classes] holds each image's [truth, answer].

    Of a classifier that is one answer for each image, of segmentation one for each pixel.
    """

    model: str
    runtime: str
    counts: np.ndarray
    segments: bool

    def percent(self) -> float:
        """Top-1 or mean IoU, 0..100."""
        return self._percent(self.counts.sum(axis=0, dtype=np.int64))

    def drop(self, reference: Accuracy) -> tuple[float, float, float]:
        """Points below `reference`, and the 95 % interval of a bootstrap over the images, paired."""
        images = len(self.counts)
        times = np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
        drawn = [
            np.tensordot(times.astype(np.float64), model.counts.astype(np.float64), axes=1)
            for model in (reference, self)
        ]
        drops = [self._percent(theirs) - self._percent(ours) for theirs, ours in zip(*drawn)]
        low, high = np.percentile(drops, (2.5, 97.5))
        return reference.percent() - self.percent(), float(low), float(high)

    def _percent(self, confusion: np.ndarray) -> float:
        return 100 * (mean_iou(confusion) if self.segments else top_1(confusion))


def measure(artifacts: Sequence[Path], source: str | None, *, scenes: int, jobs: int) -> list[Accuracy]:
    """The reference, then each artifact that runs here, on the first `scenes` validation scenes.

    Args:
        artifacts: of one checkpoint, with their manifests beside them.
        source: the checkpoint, where the manifest's own id cannot be found from here.
        jobs: processes.

    Raises:
        UserError: for artifacts of different checkpoints, or classes other than the scenes'.
        NotRun: when an artifact's runtime is not here.
    """
    from rich.progress import track

    manifests = [read_manifest(artifact) for artifact in artifacts]
    first = manifests[0]
    for manifest in manifests:
        if (manifest.checkpoint, manifest.preprocessing) != (first.checkpoint, first.preprocessing):
            raise UserError(
                f"{manifest.artifact.file} and {first.artifact.file} are of different checkpoints or input sizes: "
                "measure them one after the other"
            )
    require_demonstration(first.checkpoint.id, first.task, first.labels)
    names = [load(artifact, manifest).name for artifact, manifest in zip(artifacts, manifests)]  # mistakes show once
    batches = [range(start, min(start + SCENES_PER_JOB, scenes)) for start in range(0, scenes, SCENES_PER_JOB)]
    with get_context("spawn").Pool(jobs, _start, (list(artifacts), manifests, source)) as pool:
        done = list(track(pool.imap(_count, batches), "validation scenes", total=len(batches), transient=True))
    models = [f"checkpoint {first.checkpoint.id}", *(artifact.name for artifact in artifacts)]
    segments = first.task == "segmentation"
    return [
        Accuracy(model, runtime, np.concatenate([batch[place] for batch in done]), segments)
        for place, (model, runtime) in enumerate(zip(models, ["PyTorch", *names]))
    ]


def print_accuracies(artifacts: Sequence[Path], source: str | None, *, scenes: int, jobs: int) -> int:
    """Measure and print a table of the reference and the artifacts; returns the exit code."""
    from rich.table import Table

    from .tables import show

    try:
        reference, *measured = measure(artifacts, source, scenes=scenes, jobs=jobs)
    except NotRun as reason:
        print(f"NOT RUN: {reason}")
        return 3
    table = Table(title=f"{len(reference.counts)} validation scenes", title_justify="left")
    table.add_column("model", overflow="fold")
    table.add_column("runtime", max_width=22)
    table.add_column("mIoU" if reference.segments else "top-1", justify="right")
    table.add_column("drop, points", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_row(reference.model, reference.runtime, f"{reference.percent():.2f} %", "-", "-")
    for artifact in measured:
        drop, low, high = artifact.drop(reference)
        interval = f"{low:+.2f} .. {high:+.2f}"
        table.add_row(artifact.model, artifact.runtime, f"{artifact.percent():.2f} %", f"{drop:+.2f}", interval)
    show(table)
    return 0


class _Worker:
    """What each process of the pool loads once."""

    def __init__(self, artifacts: list[Path], manifests: list[Manifest], source: str | None) -> None:
        torch.set_num_threads(1)
        self.runtimes: list[Runtime] = [
            PyTorchRuntime(reference_of(manifests[0], source)),
            *map(load, artifacts, manifests),
        ]
        self.manifest = manifests[0]
        self.processor = app_processor(self.manifest.preprocessing)

    def count(self, indices: range) -> list[np.ndarray]:
        """Of each runtime [images, truth, answer]."""
        classes = len(self.manifest.labels)
        counts = [np.zeros((len(indices), classes, classes), dtype=np.int32) for _ in self.runtimes]
        for image, index in enumerate(indices):
            scene = render("validation", index)
            pixels = self.processor.resize_and_crop(scene.image)
            truth = np.array(scene.label)
            if self.manifest.task == "segmentation":
                truth = self.processor(scene.image, scene.segments)["labels"][0]
            for count, runtime in zip(counts, self.runtimes):
                answer = _classes(runtime.run(pixels), truth)
                np.add.at(count[image], (truth.ravel(), answer.ravel()), 1)
        return counts


def _classes(answer: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The class, or that of each pixel, that an answer stands for; logits are resized as the reference does."""
    if answer.ndim < 3:
        return np.array(answer.argmax()) if truth.ndim == 0 else answer
    logits = torch.from_numpy(answer)[None].float()
    return functional.interpolate(logits, size=truth.shape, mode="bilinear", align_corners=False)[0].argmax(0).numpy()


_worker: _Worker


def _start(artifacts: list[Path], manifests: list[Manifest], source: str | None) -> None:
    global _worker
    _worker = _Worker(artifacts, manifests, source)


def _count(indices: range) -> list[np.ndarray]:
    return _worker.count(indices)
