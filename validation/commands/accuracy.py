"""What `python -m validation accuracy` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from rich.table import Table

from ..artifact import References, open_of_one_checkpoint
from ..checks.accuracy import Accuracies, Accuracy, accuracy
from ..checks.accuracy.outcomes import Classified
from ..reporting.page import Page
from ..reporting.page.examples import worst_of_accuracy
from ..reporting.page.plot_data import Measured, measured
from ..reporting.tables import show
from ..results import NOT_RUN_BUT_REQUIRED, PASSED, Check, Judged
from ..runtimes import NotRun, Options
from .reports import about, write_reports

WORST = 8


def run(arguments: Namespace) -> int:
    """Measure, print tables, write reports where asked to; returns the exit code."""
    artifacts, references = open_of_one_checkpoint(arguments.artifacts), References(arguments.checkpoint)
    try:
        result = accuracy(
            artifacts,
            data=arguments.data,
            images=arguments.images,
            checkpoint=references,
            jobs=arguments.jobs,
            scheduler=arguments.scheduler,
            journal_folder=artifacts[0].path.parent,
            options=Options(arguments.threads, arguments.compute_units),
        )
    except NotRun as reason:
        show(f"NOT RUN: {reason}")
        missing = [_not_run(each.label, str(reason)) for each in artifacts]
        write_reports(arguments, missing, "accuracy", lambda: Page("accuracy", missing))
        return NOT_RUN_BUT_REQUIRED
    rows = measured(artifacts, result)
    show(_summary(rows, len(result.images)))
    if arguments.verbose:
        show(_classes(result), *(_worst(result, each) for each in result.artifacts))

    def page() -> Page:
        examples = worst_of_accuracy(result, references)
        return Page("accuracy", measured=rows, examples=examples, about=about(result.dataset.identity))

    told = [_told(each, len(result.images)) for each in rows]
    write_reports(arguments, told, "accuracy", page, measured=[asdict(each) for each in rows])
    return PASSED


def _not_run(label: str, reason: str) -> Judged:
    """One artifact's runtime is missing, and none was measured."""
    return Judged(label, "-", [Check(artifact=label, runtime="-", check="run", verdict="NOT RUN", reason=reason)])


def _told(row: Measured, images: int) -> Judged:
    """Figures without a bound: `drift` holds them against a baseline."""
    figures = {name: (value, f"only told: on {images} images") for name, value in row.percents.items()}
    if row.lost is not None:
        figures["points lost"] = (row.lost[0], f"{_lost(row.lost)}, 95 % interval on {images} images")
    checks = [
        Check(artifact=row.model, runtime=row.runtime, check=name, verdict="PASS", value=value, reason=reason)
        for name, (value, reason) in figures.items()
    ]
    return Judged(row.model, row.runtime, checks)


def _lost(lost: tuple[float, float, float]) -> str:
    points, low, high = lost
    return f"{points:+.2f} ({low:+.2f} .. {high:+.2f})"


def _summary(rows: Sequence[Measured], images: int) -> Table:
    table = Table(title=f"{images} images", title_justify="left")
    table.add_column("model", overflow="fold")
    table.add_column("runtime", max_width=14)
    for name in rows[0].percents:
        table.add_column(f"{name}, %", justify="right")
    table.add_column("points lost, 95 % interval", justify="right", no_wrap=True)
    for each in rows:
        percents = [f"{percent:.2f}" for percent in each.percents.values()]
        table.add_row(each.model, each.runtime, *percents, "-" if each.lost is None else _lost(each.lost))
    return table


def _classes(result: Accuracies) -> Table:
    """Each class's accuracy by the reference, and how far each artifact lies below."""
    table = Table(title="by class, %, and points lost", title_justify="left")
    table.add_column("class", overflow="fold")
    table.add_column("reference", justify="right")
    for number, each in enumerate(result.artifacts, start=1):
        table.add_column(f"{number}", justify="right")
        table.caption = f"{table.caption or ''}{number}: {each.label}\n"
    table.caption_justify = "left"
    percents = result.reference.outcome.per_class(len(result.labels))
    lost = [percents - each.outcome.per_class(len(result.labels)) for each in result.artifacts]
    for index, label in enumerate(result.labels):
        if not np.isnan(percents[index]):
            table.add_row(label, f"{percents[index]:.1f}", *(f"{drops[index]:+.1f}" for drops in lost))
    return table


def _worst(result: Accuracies, artifact: Accuracy) -> Table:
    """The images that lost most against the reference."""
    before, after = result.reference.outcome, artifact.outcome
    table = Table(title=f"worst images of {artifact.label}", title_justify="left")
    for heading in ("image", "truth", "reference", "artifact"):
        table.add_column(heading, overflow="fold")
    for index in np.argsort(after.quality() - before.quality(), kind="stable")[:WORST]:
        if isinstance(before, Classified) and isinstance(after, Classified):
            said = [
                f"{result.labels[each.answer[index]]}, truth {each.probability[index]:.1%}" for each in (before, after)
            ]
            table.add_row(result.images[index], result.labels[before.truth[index]], *said)
        else:
            said = [f"{each.quality()[index]:.1%} of the pixels right" for each in (before, after)]
            table.add_row(result.images[index], "-", *said)
    return table
