"""What `python -m validation import-device` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from reference.errors import UserError
from reference.golden import golden_path, read_golden

from ..baselines.compare import compare
from ..baselines.file import read_baseline, write_baseline
from ..baselines.run import Run
from ..checks.parity import Parity
from ..checks.pictures import pictures_of
from ..device.export import DeviceResults, read_device_results
from ..device.judge import facts, judge_run
from ..reporting.formats import Reported, diagnoses
from ..reporting.page import Page
from ..reporting.page.pictures import worst_of_parity
from ..reporting.page.plot_data import histograms
from ..reporting.tables import show
from ..results import exit_code
from .parity import judged
from .reports import write_reports


def run(arguments: Namespace) -> int:
    """Judge, compare with a baseline or write it where asked to, print, write reports; returns the exit code."""
    if arguments.update_baseline and arguments.baseline is None:
        raise UserError("name the file that --update-baseline writes: --baseline FILE")
    device = read_device_results(arguments.results)
    compared = [each for run in device.runs for each in judge_run(run, arguments.models)]
    results: list[Reported] = [*compared]
    if arguments.baseline is not None:
        measured = Run(facts(device, compared, arguments.models), compared, None, [])
        if arguments.update_baseline:
            write_baseline(arguments.baseline, measured.facts)
        results += compare(read_baseline(arguments.baseline), measured)
    title = f"{device.device.model}, {device.device.system}"
    show(judged(results, title, arguments.verbose), *diagnoses(results))
    write_reports(arguments, results, title, lambda: _page(arguments, title, device, compared, results))
    return exit_code(results)


def _page(
    arguments: Namespace, title: str, device: DeviceResults, compared: Sequence[Parity], results: Sequence[Reported]
) -> Page:
    examples = []
    for each in compared:
        path = arguments.models / each.artifact
        examples += worst_of_parity([path], [each], pictures_of(read_golden(golden_path(path))))
    return Page(
        title,
        results,
        histograms=histograms(compared),
        examples=examples,
        about={"recorded": device.recorded_at, "app": device.device.app},
    )
