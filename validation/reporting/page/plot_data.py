"""What plots are made of: numbers out of comparisons, accuracies and runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from reference.manifest import size_in_bytes

from ...artifact import Artifact, Source
from ...checks.accuracy import Accuracies
from ...checks.accuracy.outcomes import drop
from ...checks.localize import localize
from ...checks.parity import Parity
from ...runtimes import DEFAULT_OPTIONS, NotRun, Options

DECADES = range(-12, 2)  # of the histogram; what lies beyond counts into the last bin on its side
BINS_PER_DECADE = 2


@dataclass(frozen=True)
class Histogram:
    """How often answers differ by how much.

    edges: log10 of the absolute difference; counts: of values in each bin; equal: values without any difference.
    """

    artifact: str
    runtime: str
    edges: list[float]
    counts: list[int]
    equal: int


@dataclass(frozen=True)
class LayerNoise:
    """A convolution of the reference, and the artifact's SQNR there, dB, null where it is not finite."""

    module: str
    sqnr_db: float | None


@dataclass(frozen=True)
class Profile:
    """All convolutions of an artifact on one picture; bound_db: what a sound one reaches."""

    artifact: str
    bound_db: float
    layers: list[LayerNoise]


@dataclass(frozen=True)
class Measured:
    """A model's size, latency and accuracies; null or empty where not measured.

    latency_ratio: to the reference's; percents: by their names; lost: points below the reference, 95 % interval.
    """

    model: str
    runtime: str
    bytes: int | None
    latency_ratio: float | None
    percents: dict[str, float]
    lost: tuple[float, float, float] | None


def histograms(compared: Iterable[Parity]) -> list[Histogram]:
    """One for each comparison that ran and whose answers are numbers; class maps have no differences to plot."""
    edges = np.linspace(DECADES[0], DECADES[-1], BINS_PER_DECADE * (len(DECADES) - 1) + 1)
    found = []
    for each in compared:
        if not len(each.answers) or np.issubdtype(each.answers.dtype, np.integer):
            continue
        errors = np.abs(each.expected.astype(np.float64) - each.answers).ravel()
        errors = errors[np.isfinite(errors)]
        differing = np.clip(np.log10(errors[errors > 0]), edges[0], edges[-1])
        counts = np.histogram(differing, edges)[0].tolist()
        found.append(Histogram(each.label, each.runtime, edges.tolist(), counts, int((errors == 0).sum())))
    return found


def profiles(
    picture: Image.Image,
    compared: Iterable[Parity],
    *,
    checkpoint: Source = None,
    options: Options = DEFAULT_OPTIONS,
) -> list[Profile]:
    """Layer by layer on one picture, of the artifacts that ran."""
    found = []
    for artifact in dict.fromkeys(each.ran for each in compared):
        if artifact is None:
            continue
        try:
            located, bound = localize(artifact, picture, checkpoint=checkpoint, options=options)
        except NotRun:
            continue
        layers = [LayerNoise(each.module, each.sqnr_db if np.isfinite(each.sqnr_db) else None) for each in located]
        found.append(Profile(artifact.label, bound, layers))
    return found


def measured(
    artifacts: Iterable[Artifact], accuracies: Accuracies | None, ratios: Mapping[str, float] | None = None
) -> list[Measured]:
    """The reference, where accuracies were measured, then each artifact; ratios: of latencies, by label."""
    known = {} if accuracies is None else {each.artifact: each for each in accuracies.artifacts}
    rows = []
    if accuracies is not None:
        reference = accuracies.reference
        percents = {name: reference.outcome.percent(name) for name in reference.outcome.figures()}
        rows.append(Measured(reference.label, reference.runtime, None, 1.0 if ratios else None, percents, None))
    for artifact in artifacts:
        ratio = None if ratios is None else ratios.get(artifact.label)
        size = size_in_bytes(artifact.path)
        model = known.get(artifact)
        if accuracies is None or model is None:
            rows.append(Measured(artifact.label, "-", size, ratio, {}, None))
            continue
        percents = {name: model.outcome.percent(name) for name in model.outcome.figures()}
        lost = drop(accuracies.reference.outcome, model.outcome, next(iter(percents)))
        rows.append(Measured(artifact.label, model.runtime, size, ratio, percents, lost))
    return rows
