"""What plots are made of: numbers out of comparisons, accuracies and runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from reference.manifest import size_in_bytes

from ...artifact import Artifact, Source
from ...checks.accuracy import Accuracies
from ...checks.accuracy.outcomes import Outcome, direction, loss
from ...checks.localize import localize
from ...checks.parity import Parity
from ...runtimes import DEFAULT_OPTIONS, Failed, NotRun, Options

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

    latency_ratio: to the reference's; figures: accuracies by their names, null where not finite; lost: how much worse
    than the reference by the first of them, and the 95 % interval.
    """

    model: str
    runtime: str
    bytes: int | None
    latency_ratio: float | None
    figures: dict[str, float | None]
    lost: tuple[float, float, float] | None

    @property
    def headlines(self) -> list[str]:
        """The figures that are not of one label."""
        return [name for name in self.figures if ", " not in name]


@dataclass(frozen=True)
class OfLabel:
    """A figure of one label: by the reference, and by each artifact's label; null where there is none."""

    label: str
    figure: str
    reference: float | None
    artifacts: dict[str, float | None]


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
        except (NotRun, Failed):
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
        figures = _figures(reference.outcome)
        rows.append(Measured(reference.label, reference.runtime, None, 1.0 if ratios else None, figures, None))
    for artifact in artifacts:
        ratio = None if ratios is None else ratios.get(artifact.label)
        size = size_in_bytes(artifact.path)
        model = known.get(artifact)
        if accuracies is None or model is None:
            rows.append(Measured(artifact.label, "-", size, ratio, {}, None))
            continue
        figures = _figures(model.outcome)
        lost = loss(accuracies.reference.outcome, model.outcome, next(iter(figures)))
        finite = lost if np.isfinite(lost).all() else None
        rows.append(Measured(artifact.label, model.runtime, size, ratio, figures, finite))
    return rows


def by_label(accuracies: Accuracies) -> list[OfLabel]:
    """Each figure of the labels that have one, those first of which an artifact lost most."""
    count, reference = len(accuracies.labels), accuracies.reference.outcome
    of_reference = reference.per_class(count)
    of_artifacts = {each.label: each.outcome.per_class(count) for each in accuracies.artifacts}
    found = []
    for name, before in of_reference.items():
        lost = [direction(reference) * (before - each[name]) for each in of_artifacts.values()]
        worst = np.nan_to_num(np.max(lost, axis=0), nan=np.inf)
        for index in np.argsort(-worst, kind="stable"):
            if np.isnan(before[index]):
                continue
            values = {label: _or_none(each[name][index]) for label, each in of_artifacts.items()}
            found.append(OfLabel(accuracies.labels[index], name, _or_none(before[index]), values))
    return found


def _figures(outcome: Outcome) -> dict[str, float | None]:
    return {name: _or_none(outcome.figure(name)) for name in outcome.figures()}


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
