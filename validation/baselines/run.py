"""One run of everything that can be measured: parity, accuracy, structure, latency, on the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from PIL import Image

from reference.tolerances import numbers_of

from ..artifact import Given, Source, open_of_one_checkpoint, references_from
from ..checks.accuracy import Accuracies, Accuracy, accuracy, labelled
from ..checks.accuracy.independent import Regressed, Scored
from ..checks.accuracy.outcomes import Classified, Outcome
from ..checks.latency import latency
from ..checks.metrics import METRICS
from ..checks.parity import Parity, parity
from ..checks.pictures import IMAGES as PARITY_IMAGES
from ..checks.pictures import named
from ..checks.structure import Structure, structures
from ..doctor.environment import machine, versions
from ..runtimes import DEFAULT_OPTIONS, Options, suitable_runtimes
from .file import Baseline, Figures, Measured, rounded

IMAGES = 500  # where neither the caller nor a baseline says how many
ROUNDS = 30

Step = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Run:
    """What was measured, in full; facts: as a baseline keeps it; pictures: those that parity saw, and names."""

    facts: Baseline
    parity: list[Parity]
    accuracy: Accuracies | None
    pictures: list[Image.Image]
    names: list[str]

    @property
    def latency_ratios(self) -> dict[str, float]:
        """To the reference's, by label."""
        return {
            label: figures["latency_ratio"]
            for label, measured in self.facts.artifacts.items()
            for figures in measured.runtimes.values()
            if "latency_ratio" in figures
        }


def measure(
    artifacts: Sequence[Given],
    *,
    data: str = "demo",
    images: int = IMAGES,
    checkpoint: Source = None,
    jobs: int = 1,
    options: Options = DEFAULT_OPTIONS,
    step: Step = lambda title: nullcontext(),
) -> Run:
    """Measure artifacts of one checkpoint: paths, with their manifests beside them, or what is opened already.

    Args:
        data, images, checkpoint, jobs, options: see accuracy; parity takes PARITY_IMAGES of the images, evenly spread.
        step: surrounds each step but accuracy, which shows how far it is.

    Raises:
        UserError: for artifacts of different checkpoints, a broken one, or data that does not fit.
    """
    given, references = open_of_one_checkpoint(artifacts), references_from(checkpoint)
    first = given[0].manifest
    dataset = None  # features have no accuracy, and so no labelled data
    if first.task != "features":
        dataset = labelled(given, references, data, images)
    if dataset is None:
        names, pictures = named((), None)
    else:
        count = min(PARITY_IMAGES, len(dataset))
        samples = [dataset[index * len(dataset) // count] for index in range(count)]
        names, pictures = [each.name for each in samples], [each.image for each in samples]
    with step("comparing with the reference"):
        compared = parity(given, images=pictures, checkpoint=references, options=options)
    # Accuracy and latency take the first runtime that is here, as an app's developer would.
    ran = {each.ran: each.runtime for each in reversed(compared) if each.ran is not None}
    runnable = [artifact for artifact in given if artifact in ran]
    accuracies = None
    if dataset is not None and runnable:
        accuracies = accuracy(runnable, data=data, images=images, checkpoint=references, jobs=jobs, options=options)
    with step("reading"):
        looked = structures(given)
    timed = [  # in a device's own runtime, which the executor of ML Programs is not
        each for each in runnable if ran[each] == suitable_runtimes(each.manifest.artifact.format)[0]
    ]
    with step("timing"):
        times = latency(timed, checkpoint=references, runs=ROUNDS, options=options, loading=False) if timed else []

    runtimes: dict[str, dict[str, Figures]] = {artifact.label: {} for artifact in given}
    for each in compared:
        if each.ran is not None:
            values = {check.check: check.value for check in each.checks if check.check in METRICS}
            runtimes[each.label][each.runtime] = {
                name: rounded(value) for name, value in values.items() if value is not None
            }
    chosen = {artifact.label: runtimes[artifact.label][runtime] for artifact, runtime in ran.items()}
    if accuracies is not None:
        for measured in accuracies.artifacts:
            chosen[measured.label] |= _accuracies(measured.outcome)
            chosen[measured.label] |= _finite(change(accuracies.reference, measured))
    for timing in times:
        if timing.model in chosen and timing.processor_ratio is not None:
            chosen[timing.model]["latency_ratio"] = rounded(timing.processor_ratio)
    facts = Baseline(
        schema_version=2,
        task=first.task,
        size=first.size,
        checkpoint=first.checkpoint,
        preprocessing=first.preprocessing,
        data=f"{PARITY_IMAGES} scenes" if dataset is None else dataset.identity,
        images=PARITY_IMAGES if dataset is None else len(dataset),
        compared=len(pictures),
        machine=machine(),
        tool_versions=versions(),
        reference=_accuracies(accuracies.reference.outcome) if accuracies is not None else {},
        artifacts={
            artifact.label: Measured(
                anew=numbers_of(artifact.manifest.artifact).anew,
                file=_of_file(found) if isinstance(found, Structure) else {},
                runtimes=runtimes[artifact.label],
                tool_versions=artifact.manifest.tool_versions,
            )
            for artifact, found in zip(given, looked)
        },
    )
    return Run(facts, compared, accuracies, pictures, names)


def change(reference: Accuracy, artifact: Accuracy) -> Figures:
    """How far an artifact's answers lie from the reference's, over all images of the data set; see ALLOWANCES."""
    before, after = reference.outcome, artifact.outcome
    if isinstance(before, Regressed) and isinstance(after, Regressed):
        return {**after.moved(before)}
    found: Figures = {"quality_change": float(np.abs(after.quality() - before.quality()).mean())}
    if isinstance(before, Classified) and isinstance(after, Classified):
        found["same_answer"] = float((after.answer == before.answer).mean())
    if isinstance(before, Scored) and isinstance(after, Scored):
        found["same_labels"] = float((after.said() == before.said()).all(axis=1).mean())
    return found


def _accuracies(outcome: Outcome) -> Figures:
    return _finite({name: outcome.figure(name) for name in outcome.figures()})


def _finite(figures: Figures) -> Figures:
    """JSON has no NaN; parity fails an artifact whose answers are none."""
    return {name: rounded(value) for name, value in figures.items() if np.isfinite(value)}


def _of_file(found: Structure) -> Figures:
    """What stands in the file; partitions are what the runtimes here make of it."""
    partitions = {f"partitions, {each.accelerator}": each.count for each in found.partitions if each.count is not None}
    return {
        "bytes": found.bytes,
        "weight_bytes": sum(each.bytes for each in found.weights),
        "operations": sum(found.operations.values()),
        "transposes": found.transposes,
        "reshapes": found.reshapes,
        **partitions,
    }
