"""What `python -m validation import-device` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence

from reference.errors import UserError

from ..baselines.compare import compare
from ..baselines.file import read_baseline, write_baseline
from ..baselines.run import Run
from ..checks.parity import Parity
from ..checks.pictures import pictures_of
from ..device.export import DeviceResults, read_device_results
from ..device.judge import Shipped, as_baseline, described, judge, shipped
from ..reporting.formats import Reported, diagnoses
from ..reporting.page import Page
from ..reporting.page.examples import worst_of_parity
from ..reporting.page.plot_data import histograms
from ..reporting.tables import judged, show
from ..results import exit_code
from .reports import write_reports


def run(arguments: Namespace) -> int:
    """Judge, compare with a baseline or write it where asked to, print, write reports; returns the exit code."""
    if arguments.update_baseline and arguments.baseline is None:
        raise UserError("name the file that --update-baseline writes: --baseline FILE")
    device = read_device_results(arguments.results)
    if arguments.update_baseline and not device.runs:
        raise UserError(f"{arguments.results} has no runs to write a baseline of: run the benchmark first")
    models = shipped(device, arguments.models)
    compared = judge(device, models)
    results: list[Reported] = [*compared]
    if arguments.baseline is not None and device.runs:
        measured = Run(as_baseline(device, compared, models), compared, None, [], [])
        if arguments.update_baseline:
            write_baseline(arguments.baseline, measured.facts)
        results += compare(read_baseline(arguments.baseline), measured)
    title = described(device.device)
    show(judged(results, title, arguments.verbose), *diagnoses(results))
    write_reports(arguments, results, title, lambda: _page(title, device, compared, models, results))
    return exit_code(results)


def _page(
    title: str,
    device: DeviceResults,
    compared: Sequence[Parity],
    models: Mapping[str, Shipped],
    results: Sequence[Reported],
) -> Page:
    examples = []
    for each in compared:
        golden = models[each.artifact.path.name].golden
        examples += worst_of_parity([each], pictures_of(golden), [picture.name for picture in golden.pictures])
    return Page(
        title,
        results,
        histograms=histograms(compared),
        examples=examples,
        about={"recorded": device.recorded_at, "app": device.device.app},
    )
