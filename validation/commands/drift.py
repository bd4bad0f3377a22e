"""What `python -m validation drift` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial

from reference.command_line import working

from ..artifact import Artifact, References, open_of_one_checkpoint
from ..baselines.compare import Drift, compare
from ..baselines.file import bundled, read_baseline, write_baseline
from ..baselines.run import IMAGES, Run, measure
from ..reporting.formats import diagnoses
from ..reporting.page import Page
from ..reporting.page.examples import worst_of_accuracy, worst_of_parity
from ..reporting.page.plot_data import by_label, histograms, measured, profiles
from ..reporting.tables import judged, show
from ..results import exit_code
from ..runtimes import Options
from .reports import about, write_reports


def run(arguments: Namespace) -> int:
    """Measure, compare with the baseline or write it, print, write reports where asked to; returns the exit code."""
    artifacts, references = (
        open_of_one_checkpoint(arguments.artifacts),
        References(arguments.checkpoint, arguments.revision),
    )
    path = arguments.baseline or bundled(artifacts[0].manifest)
    before = None if arguments.update_baseline and not path.exists() else read_baseline(path)
    options = Options(arguments.threads, arguments.compute_units)
    done = measure(
        artifacts,
        data=arguments.data,
        images=arguments.images or (IMAGES if before is None else before.images),
        checkpoint=references,
        jobs=arguments.jobs,
        options=options,
        step=partial(working, verbose=arguments.verbose),
    )
    if arguments.update_baseline:
        write_baseline(path, done.facts)
        before = done.facts
        count = len(before.artifacts)
        print(f"{path}: {count} artifact{'s' * (count > 1)}, {before.images} images")
    assert before is not None  # for type checkers: read, or just written
    results = compare(before, done)
    show(judged(results, "drift", arguments.verbose), *diagnoses(results))

    def page() -> Page:
        with working("drawing", arguments.verbose):
            return _page(artifacts, references, done, results, options)

    write_reports(arguments, results, "drift", page)
    return exit_code(results, arguments.require)


def _page(
    artifacts: Sequence[Artifact], references: References, done: Run, results: Sequence[Drift], options: Options
) -> Page:
    accuracies = done.accuracy
    if done.facts.task == "classification" and accuracies is not None:
        examples = worst_of_accuracy(accuracies)
    else:
        examples = worst_of_parity(done.parity, done.pictures, done.names)
    return Page(
        "drift",
        results,
        histograms=histograms(done.parity),
        profiles=profiles(done.pictures[0], done.parity, checkpoint=references, options=options),
        measured=measured(artifacts, accuracies, done.latency_ratios),
        labels=[] if accuracies is None else by_label(accuracies),
        examples=examples,
        about=about(done.facts.data),
    )
