"""Accuracy of artifacts beside their reference, on the same images, paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...artifact import manifests_of_one
from ...datasets import Dataset, open_dataset
from ...runtimes import DEFAULT_OPTIONS, Options, load
from ...runtimes.pytorch import torch_threads
from .batches import Job, count_all
from .outcomes import Classified, Outcome, Segmented


@dataclass(frozen=True)
class Accuracy:
    """One model on all images; see `outcomes` for what can be asked of `outcome`."""

    model: str
    runtime: str
    outcome: Outcome


@dataclass(frozen=True)
class Accuracies:
    """The reference and the artifacts on the images of a data set, whose names are `images`, their classes `labels`."""

    reference: Accuracy
    artifacts: list[Accuracy]
    images: list[str]
    labels: list[str]
    dataset: Dataset


def accuracy(
    artifacts: Sequence[Path | str],
    *,
    data: str = "demo",
    images: int | None = None,
    checkpoint: str | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    journal_folder: Path | None = None,
    options: Options = DEFAULT_OPTIONS,
) -> Accuracies:
    """Run the reference and each artifact on the images of a data set.

    Args:
        artifacts: of one checkpoint, with their manifests beside them.
        data: "demo", the rendered validation scenes, or a folder; see `datasets`.
        images: how many; None: all, of the scenes 5,000.
        checkpoint: the reference's weights, where the manifest's own id cannot be found from here.
        jobs: processes on this machine.
        scheduler: the address of a Dask cluster to use instead.
        journal_folder: where a run notes what is done, to go on from there when it is interrupted; None: nowhere.

    Raises:
        UserError: for artifacts of different checkpoints, or a data set that does not fit them.
        NotRun: when an artifact's runtime is not here.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    paths = [Path(artifact) for artifact in artifacts]
    manifests = manifests_of_one(paths)
    first = manifests[0]
    dataset = open_dataset(data, first.task, first.labels, images)
    # Mistakes show here, once, and not in every process.
    names = [load(path, manifest, options=options).name for path, manifest in zip(paths, manifests)]
    job = Job(tuple(paths), checkpoint, dataset, options)
    journal = None if journal_folder is None else journal_folder / f".accuracy-{job.key}.jsonl"
    if journal is not None:
        journal.parent.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done: dict[int, list[list[list[float]]]] = {}
    with torch_threads(1), Progress(*columns, transient=True) as progress:  # as in every process of a pool
        bar = progress.add_task("images", total=len(dataset))
        for number, numbers in count_all(job, jobs=jobs, scheduler=scheduler, journal=journal):
            done[number] = numbers
            progress.advance(bar, len(numbers[0]))
    if journal is not None:
        journal.unlink(missing_ok=True)
    of_models = [[image for number in sorted(done) for image in done[number][place]] for place in range(len(names) + 1)]
    outcomes = [_outcome(np.array(numbers), len(first.labels), first.task == "segmentation") for numbers in of_models]
    models = [f"checkpoint {first.checkpoint.id}", *(path.name for path in paths)]
    reference, *measured = map(Accuracy, models, ["PyTorch", *names], outcomes)
    return Accuracies(reference, measured, _names(job), list(first.labels), dataset)


def _outcome(numbers: np.ndarray, classes: int, segments: bool) -> Outcome:
    if segments:
        return Segmented(numbers.reshape(-1, classes, classes))
    truth, answer, rank, probability = numbers.T
    return Classified(truth.astype(int), answer.astype(int), rank.astype(int), probability)


def _names(job: Job) -> list[str]:
    entries = getattr(job.dataset, "entries", None)
    return [name for name, _ in entries] if entries else [f"scene {index}" for index in range(len(job.dataset))]
