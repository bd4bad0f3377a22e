"""Images through the reference and artifacts, in batches, in as many processes as there are - here or on a cluster.

What a batch gives is plain numbers, so that it can be written down and read again: a run that was interrupted goes on
where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from reference.manifest import Manifest, read_manifest

from ...artifact import app_processor, reference_of
from ...datasets import Dataset, Sample
from ...runtimes import Options, Runtime, load
from ...runtimes.pytorch import PyTorchRuntime

BATCH = 25
# Of each model, of each image: numbers; see _Models.outcome.
Numbers = list[list[Any]]


@dataclass(frozen=True)
class Job:
    """What every process must know; `checkpoint`: where the reference's weights are, None: as the manifest says."""

    artifacts: tuple[Path, ...]
    checkpoint: str | None
    dataset: Dataset
    options: Options

    @property
    def batches(self) -> list[range]:
        """Indices of the data set."""
        count = len(self.dataset)
        return [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)]

    @property
    def key(self) -> str:
        """Differs where results would."""
        manifests = [read_manifest(artifact) for artifact in self.artifacts]
        facts = [[each.artifact.sha256, each.checkpoint.sha256, each.preprocessing.model_dump()] for each in manifests]
        return hashlib.sha256(json.dumps([facts, self.dataset.identity, BATCH]).encode()).hexdigest()[:16]


def count_all(job: Job, *, jobs: int, scheduler: str | None, journal: Path | None) -> Iterator[tuple[int, Numbers]]:
    """Batch numbers with what became of their images, in the order they are done.

    Args:
        jobs: processes on this machine, 1 for this one alone, where there is no `scheduler`.
        scheduler: the address of a Dask cluster, whose workers have this project and find the files at the same paths.
        journal: a file to which each batch is written; those found there are not run again.
    """
    done = dict(_read(journal)) if journal is not None else {}
    yield from done.items()
    missing = [number for number in range(len(job.batches)) if number not in done]
    for number, numbers in _run(job, missing, jobs, scheduler):
        if journal is not None:
            with journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps([number, numbers]) + "\n")
        yield number, numbers


def _run(job: Job, missing: list[int], jobs: int, scheduler: str | None) -> Iterator[tuple[int, Numbers]]:
    if not missing:
        return
    if scheduler is not None:
        from .cluster import on_cluster

        yield from on_cluster(scheduler, partial(count, job), missing)
        return
    if jobs == 1:
        yield from map(partial(count, job), missing)
        return
    with get_context("spawn").Pool(min(jobs, len(missing)), torch.set_num_threads, (1,)) as pool:
        yield from pool.imap_unordered(partial(count, job), missing)


def count(job: Job, number: int) -> tuple[int, Numbers]:
    """One batch: its number, and of each model what became of each image."""
    models = _models(job)
    outcomes = [models.outcomes(job.dataset[index]) for index in job.batches[number]]
    return number, [list(of_model) for of_model in zip(*outcomes)]


def _read(journal: Path) -> Iterator[tuple[int, Numbers]]:
    """The whole lines of a journal; the last one may have been cut off."""
    if not journal.exists():
        return
    for line in journal.read_text("utf-8").splitlines():
        try:
            number, numbers = json.loads(line)
        except ValueError:
            continue
        yield number, numbers


class _Models:
    """The reference and the artifacts, loaded."""

    def __init__(self, job: Job) -> None:
        manifests = [read_manifest(artifact) for artifact in job.artifacts]
        self.manifest: Manifest = manifests[0]
        checkpoint = reference_of(self.manifest, job.checkpoint)
        self.runtimes: list[Runtime] = [
            PyTorchRuntime(checkpoint),
            *(load(artifact, manifest, options=job.options) for artifact, manifest in zip(job.artifacts, manifests)),
        ]
        self.processor = app_processor(self.manifest.preprocessing)

    def outcomes(self, sample: Sample) -> list[Any]:
        """Of each model: of a classifier the truth, the answer, the truth's rank and its probability; of a segmenter
        how many pixels of each class got which, flat."""
        pixels = self.processor.resize_and_crop(sample.image)
        if isinstance(sample.truth, int):
            return [_classified(runtime.run(pixels), sample.truth) for runtime in self.runtimes]
        truth = self.processor(sample.image, sample.truth)["labels"][0]
        return [_segmented(runtime.run(pixels), truth, len(self.manifest.labels)) for runtime in self.runtimes]


@lru_cache(maxsize=1)
def _models(job: Job) -> _Models:
    return _Models(job)


def _classified(probabilities: np.ndarray, truth: int) -> list[float]:
    """Ties go to the lower index, as argmax has it; NaN is never right."""
    own = probabilities[truth]
    better = (probabilities > own).sum() + (probabilities[:truth] == own).sum()
    rank = int(better) if np.isfinite(probabilities).all() else len(probabilities)
    return [truth, int(probabilities.argmax()), rank, float(own) if np.isfinite(own) else 0.0]


def _segmented(answer: np.ndarray, truth: np.ndarray, classes: int) -> list[int]:
    """Pixels whose truth is no class, 255 say, do not count."""
    labelled = truth < classes
    pairs = truth[labelled] * classes + _class_map(answer, truth.shape)[labelled]
    return np.bincount(pairs, minlength=classes**2).tolist()


def _class_map(answer: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The class of each pixel; logits [C, h, w] are resized as the reference does it."""
    if answer.ndim == 2:
        return answer.astype(np.int64)
    logits = torch.from_numpy(np.ascontiguousarray(answer))[None].float()
    return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)[0].argmax(0).numpy()
