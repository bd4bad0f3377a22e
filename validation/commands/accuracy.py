"""What `python -m validation accuracy` prints."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
from rich.table import Table

from ..checks.accuracy import Accuracies, Accuracy, accuracy
from ..checks.accuracy.outcomes import Classified, drop
from ..reporting.formats import write_file
from ..reporting.page import Page, as_html
from ..reporting.page.pictures import worst_of_accuracy
from ..reporting.page.plot_data import measured
from ..reporting.tables import show
from ..results import NOT_RUN_BUT_REQUIRED, PASSED
from ..runtimes import NotRun, Options
from .reports import about

WORST = 8


def run(arguments: Namespace) -> int:
    """Measure and print tables; returns the exit code."""
    try:
        result = accuracy(
            arguments.artifacts,
            data=arguments.data,
            images=arguments.images,
            checkpoint=arguments.checkpoint,
            jobs=arguments.jobs,
            scheduler=arguments.scheduler,
            journal_folder=arguments.artifacts[0].parent,
            options=Options(arguments.threads, arguments.compute_units),
        )
    except NotRun as reason:
        print(f"NOT RUN: {reason}")
        return NOT_RUN_BUT_REQUIRED
    show(_summary(result))
    if arguments.verbose:
        show(_classes(result), *(_worst(result, each) for each in result.artifacts))
    if arguments.html is not None:
        page = Page(
            "accuracy",
            measured=measured(arguments.artifacts, result),
            examples=worst_of_accuracy(arguments.artifacts, result, arguments.checkpoint),
            about=about(result.dataset.identity),
        )
        write_file(arguments.html, as_html(page))
    return PASSED


def _summary(result: Accuracies) -> Table:
    table = Table(title=f"{len(result.images)} images", title_justify="left")
    table.add_column("model", overflow="fold")
    table.add_column("runtime", max_width=14)
    names = list(result.reference.outcome.figures())
    for name in names:
        table.add_column(f"{name}, %", justify="right")
    table.add_column("points lost, 95 % interval", justify="right", no_wrap=True)
    for each in (result.reference, *result.artifacts):
        lost = "-"
        if each is not result.reference:
            points, low, high = drop(result.reference.outcome, each.outcome, names[0])
            lost = f"{points:+.2f} ({low:+.2f} .. {high:+.2f})"
        percents = [f"{each.outcome.percent(name):.2f}" for name in names]
        table.add_row(each.model, each.runtime, *percents, lost)
    return table


def _classes(result: Accuracies) -> Table:
    """Each class's accuracy by the reference, and how far each artifact lies below."""
    table = Table(title="by class, %, and points lost", title_justify="left")
    table.add_column("class", overflow="fold")
    table.add_column("reference", justify="right")
    for number, each in enumerate(result.artifacts, start=1):
        table.add_column(f"{number}", justify="right")
        table.caption = f"{table.caption or ''}{number}: {each.model}\n"
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
    table = Table(title=f"worst images of {artifact.model}", title_justify="left")
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
