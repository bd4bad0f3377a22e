"""What `python -m validation accuracy` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from rich.table import Table

from ..artifact import References, open_of_one_checkpoint
from ..checks.accuracy import Accuracies, Accuracy, accuracy
from ..checks.accuracy.independent import Scored
from ..checks.accuracy.outcomes import direction
from ..reporting.formats import figure, heading, lost, lost_heading, signed
from ..reporting.page import Page
from ..reporting.page.examples import said, truth, worst_of_accuracy
from ..reporting.page.plot_data import Measured, OfLabel, by_label, measured
from ..reporting.tables import show
from ..results import FAILED, NOT_RUN_BUT_REQUIRED, Check, Judged, Verdict, exit_code
from ..runtimes import Failed, NotRun, Options
from .reports import about, write_reports

WORST = 8  # images, or names of labels, that are told one by one


def run(arguments: Namespace) -> int:
    """Measure, print tables, write reports where asked to; returns the exit code."""
    artifacts, references = (
        open_of_one_checkpoint(arguments.artifacts),
        References(arguments.checkpoint, arguments.revision),
    )
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
    except (NotRun, Failed) as reason:
        said: Verdict = "FAIL" if isinstance(reason, Failed) else "NOT RUN"
        show(f"{said}: {reason}")
        missing = [_missing(each.label, said, str(reason)) for each in artifacts]
        write_reports(arguments, missing, "accuracy", lambda: Page("accuracy", missing))
        return FAILED if said == "FAIL" else NOT_RUN_BUT_REQUIRED
    failed = {each.label for each in result.failed}
    rows, labels = measured([each for each in artifacts if each.label not in failed], result), by_label(result)
    left_out = _left_out(result)
    show(_summary(rows, len(result.images)), *left_out, *(f"FAIL: {each.reason}" for each in result.failed))
    if arguments.verbose:
        show(*_classes(result, labels), *(_worst(result, each) for each in result.artifacts))

    def page() -> Page:
        examples = worst_of_accuracy(result, references)
        notes = about(result.dataset.identity) | ({"note": left_out[0]} if left_out else {})
        return Page("accuracy", measured=rows, labels=labels, examples=examples, about=notes)

    told = [_told(each, len(result.images)) for each in rows]
    told[0].diagnosis.extend(left_out)
    told += [_missing(each.label, "FAIL", each.reason) for each in result.failed]
    numbers = {name: [asdict(each) for each in given] for name, given in (("measured", rows), ("labels", labels))}
    write_reports(arguments, told, "accuracy", page, **numbers)
    return exit_code(told)


def _left_out(result: Accuracies) -> list[str]:
    """A line about labels of which nothing can be measured, where there are some."""
    outcome = result.reference.outcome
    missing = outcome.left_out() if isinstance(outcome, Scored) else []
    more = f" and {len(missing) - WORST} more" if len(missing) > WORST else ""
    return [f"left out, since no image has them: {', '.join(missing[:WORST])}{more}"] if missing else []


def _missing(label: str, verdict: Verdict, reason: str) -> Judged:
    """An artifact that was not measured."""
    return Judged(label, "-", [Check(artifact=label, runtime="-", check="run", verdict=verdict, reason=reason)])


def _told(row: Measured, images: int) -> Judged:
    """Figures without a bound: `drift` holds them against a baseline."""
    checks = [
        Check(
            artifact=row.model,
            runtime=row.runtime,
            check=name,
            verdict="PASS" if value is not None else "FAIL",
            value=value,
            reason=f"only told: on {images} images" if value is not None else "not a finite number",
        )
        for name, value in row.figures.items()
    ]
    if row.lost is not None:
        name = next(iter(row.figures))
        reason = f"{lost(name, row.lost)}, 95 % interval on {images} images"
        told = {"verdict": "PASS", "check": lost_heading(name), "value": row.lost[0], "reason": reason}
        checks.append(checks[0].model_copy(update=told))
    return Judged(row.model, row.runtime, checks)


def _summary(rows: Sequence[Measured], images: int) -> Table:
    names = rows[0].headlines
    table = Table(title=f"{images} images", title_justify="left")
    table.add_column("model", overflow="fold")
    table.add_column("runtime", max_width=14)
    for name in names:
        table.add_column(heading(name), justify="right")
    table.add_column(f"{lost_heading(names[0])}, 95 % interval", justify="right", no_wrap=True)
    for each in rows:
        figures = [figure(name, each.figures[name]) for name in names]
        table.add_row(each.model, each.runtime, *figures, "-" if each.lost is None else lost(names[0], each.lost))
    return table


def _classes(result: Accuracies, labels: Sequence[OfLabel]) -> list[Table]:
    """Each class's figures by the reference, and how much worse each artifact is; those that lost most first."""
    tables = []
    sign = direction(result.reference.outcome)
    for name in dict.fromkeys(each.figure for each in labels):
        table = Table(title=f"{heading(name)} by class, and {lost_heading(name)}", title_justify="left")
        table.add_column("class", overflow="fold")
        table.add_column("reference", justify="right")
        for number, each in enumerate(result.artifacts, start=1):
            table.add_column(f"{number}", justify="right")
            table.caption = f"{table.caption or ''}{number}: {each.label}\n"
        table.caption_justify = "left"
        for row in (each for each in labels if each.figure == name):
            before = row.reference
            worse = [
                "not finite" if value is None or before is None else signed(name, sign * (before - value))
                for value in row.artifacts.values()
            ]
            table.add_row(row.label, figure(name, before), *worse)
        tables.append(table)
    return tables


def _worst(result: Accuracies, artifact: Accuracy) -> Table:
    """The images that lost most against the reference."""
    before, after = result.reference.outcome, artifact.outcome
    table = Table(title=f"worst images of {artifact.label}", title_justify="left")
    for name in ("image", "truth", "reference", "artifact"):
        table.add_column(name, overflow="fold")
    for index in np.argsort(after.quality() - before.quality(), kind="stable")[:WORST]:
        answers = [said(each, index, result.labels) for each in (before, after)]
        table.add_row(result.images[index], truth(before, index, result.labels), *answers)
    return table
