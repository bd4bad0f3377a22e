"""Accuracy of artifacts beside their reference, on the same images, paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from reference.answers import meaning_of
from reference.console import Plain
from reference.errors import UserError
from reference.tensor_specs import Meaning
from reference.threads import torch_threads

from ...artifact import (
    Artifact,
    Broken,
    Given,
    References,
    Source,
    class_names,
    open_of_one_checkpoint,
    references_from,
)
from ...datasets import Dataset, open_dataset
from ...runtimes import DEFAULT_OPTIONS, Failed, Options
from ...runtimes.pytorch import PyTorchRuntime
from .batches import Job, Models, count_all, runtimes_of
from .independent import Regressed, Scored
from .journal import Journal
from .outcomes import Classified, Outcome, Segmented


@dataclass(frozen=True)
class Accuracy:
    """One model on all images; artifact: None for the reference; see `outcomes` for what can be asked of `outcome`."""

    label: str
    runtime: str
    outcome: Outcome
    artifact: Artifact | None = None


@dataclass(frozen=True)
class Accuracies:
    """The reference and the artifacts on the images of a data set, whose names are `images`, their classes `labels`.

    failed: artifacts that could not be run on all of them.
    """

    reference: Accuracy
    artifacts: list[Accuracy]
    images: list[str]
    labels: list[str]
    dataset: Dataset
    failed: list[Broken] = field(default_factory=list)


def accuracy(
    artifacts: Sequence[Given],
    *,
    data: str = "demo",
    images: int | None = None,
    checkpoint: Source = None,
    jobs: int = 1,
    scheduler: str | None = None,
    journal_folder: Path | None = None,
    options: Options = DEFAULT_OPTIONS,
) -> Accuracies:
    """Run the reference and each artifact on the images of a data set.

    Args:
        artifacts: of one checkpoint: paths, with their manifests beside them, or what is opened already.
        data: "demo", the rendered validation scenes, or a folder; see `datasets`.
        images: how many; None: all, of the scenes 5,000.
        checkpoint: the reference's weights, where the manifest's own id cannot be found from here.
        jobs: processes on this machine.
        scheduler: the address of a Dask cluster to use instead.
        journal_folder: where a run notes what is done, to go on from there when it is interrupted; None: nowhere.

    Raises:
        UserError: for artifacts of different checkpoints, or a data set that does not fit them.
        NotRun: when an artifact's runtime is not here.
        Failed: when no artifact can be run.
    """
    given, references = open_of_one_checkpoint(artifacts), references_from(checkpoint)
    failed: list[Broken] = []
    while True:
        try:
            measured = _accuracy(given, references, data, images, jobs, scheduler, journal_folder, options)
        except Failed as error:  # the others are measured without it, anew
            (artifact,) = (each for each in given if each.label == error.label)
            failed.append(Broken(artifact.path, artifact.label, str(error)))
            given.remove(artifact)
            if not given:
                raise
        else:
            return replace(measured, failed=failed)


def _accuracy(
    given: Sequence[Artifact],
    references: References,
    data: str,
    images: int | None,
    jobs: int,
    scheduler: str | None,
    journal_folder: Path | None,
    options: Options,
) -> Accuracies:
    """See accuracy. Raises Failed for the first artifact that cannot be run."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    first, dataset = given[0].manifest, labelled(given, references, data, images)
    meaning = meaning_of(references.of(given[0]))
    odd = next((each for each in given if each.manifest.answer.meaning not in (meaning, "logits")), None)
    if odd is not None:
        raise UserError(
            f"{odd.label} answers with {odd.manifest.answer.meaning}, its checkpoint with {meaning}: convert it again"
        )
    job = Job(tuple(given), references.source, references.revision, dataset, options, meaning)
    runtimes = runtimes_of(job)  # mistakes show here, once, and not in every process
    names = [runtime.name for runtime in runtimes]
    console = Plain()
    journal = None if journal_folder is None else Journal(journal_folder, job.key(names), console.print)
    done = {} if journal is None else journal.read()
    missing = [number for number in range(len(job.batches)) if number not in done]
    columns = (TextColumn("images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # One thread, as in every process of a pool.
    with torch_threads(1), Progress(*columns, transient=True, console=console) as progress:
        bar = progress.add_task("images", total=len(dataset), completed=sum(len(each[0]) for each in done.values()))
        counted = count_all(job, missing, lambda: Models(job, references, runtimes), jobs=jobs, scheduler=scheduler)
        try:
            for number, numbers in counted:
                if journal is not None:
                    journal.add(number, numbers)
                done[number] = numbers
                progress.advance(bar, len(numbers[0]))
        except Failed:
            if journal is not None:  # it is of these artifacts together, which will not run so again
                journal.remove()
            raise
    if journal is not None:
        journal.remove()
    of_models = [[image for number in sorted(done) for image in done[number][place]] for place in range(len(names) + 1)]
    names_of_classes = class_names(first)
    outcomes = [_outcome(np.array(numbers), names_of_classes, meaning) for numbers in of_models]
    return Accuracies(
        Accuracy(f"checkpoint {first.checkpoint.id}", PyTorchRuntime.name, outcomes[0]),
        [Accuracy(each.label, name, outcome, each) for each, name, outcome in zip(given, names, outcomes[1:])],
        _names(job),
        names_of_classes,
        dataset,
    )


def labelled(given: Sequence[Artifact], references: References, data: str, images: int | None) -> Dataset:
    """The data set that fits the artifacts' answers; see `open_dataset`."""
    first = given[0].manifest
    said = first.answer.meaning
    meaning: Meaning = meaning_of(references.of(given[0])) if said == "logits" else said
    return open_dataset(
        data, first.task, first.labels, images, lambda: references.of(given[0]).processor.do_reduce_labels, meaning
    )


def _outcome(numbers: np.ndarray, labels: list[str], meaning: Meaning) -> Outcome:
    if meaning == "class_map":
        if not numbers.any():
            raise UserError(
                f"no pixel of the masks is one of the checkpoint's {len(labels)} classes: look at the masks"
            )
        return Segmented(numbers.reshape(-1, len(labels), len(labels)))
    if meaning in ("scores", "values"):
        truth, answer = np.moveaxis(numbers.reshape(-1, 2, len(labels)), 1, 0)
        return Scored(truth > 0, answer, labels) if meaning == "scores" else Regressed(truth, answer, labels)
    truth, answer, rank, probability = numbers.T
    return Classified(truth.astype(int), answer.astype(int), rank.astype(int), probability)


def _names(job: Job) -> list[str]:
    entries = getattr(job.dataset, "entries", None)
    return [name for name, _ in entries] if entries else [f"scene {index}" for index in range(len(job.dataset))]
