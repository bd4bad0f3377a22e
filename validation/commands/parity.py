"""What `python -m validation parity` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from rich.table import Table

from reference.command_line import working
from reference.golden import read_golden

from ..checks.parity import parity
from ..checks.pictures import pictures, pictures_of, scenes
from ..reporting.formats import Reported, diagnoses, shown, told
from ..reporting.page import Page
from ..reporting.page.pictures import worst_of_parity
from ..reporting.page.plot_data import histograms, profiles
from ..reporting.tables import show
from ..results import Check, exit_code, verdict
from ..runtimes import Options
from .reports import about, write_reports


def run(arguments: Namespace) -> int:
    """Compare, print, write JSON where asked to; returns the exit code."""
    if arguments.golden is not None:
        images = pictures_of(read_golden(arguments.golden))
    else:
        images = pictures(arguments.images) if arguments.images else scenes()
    options = Options(arguments.threads, arguments.compute_units, arguments.arm_processor)
    with working("comparing with the reference", arguments.verbose):
        results = parity(
            arguments.artifacts,
            images=images,
            golden=arguments.golden,
            checkpoint=arguments.checkpoint,
            runtimes=arguments.runtime,
            options=options,
        )
    show(judged(results, "parity", arguments.verbose), *diagnoses(results))

    def page() -> Page:
        with working("drawing", arguments.verbose):
            layers = []
            if arguments.golden is None:  # else it must do without the checkpoint
                layers = profiles(
                    arguments.artifacts, images[0], results, checkpoint=arguments.checkpoint, options=options
                )
            return Page(
                "parity",
                results,
                histograms=histograms(results),
                profiles=layers,
                examples=worst_of_parity(arguments.artifacts, results, images),
                about=about(f"{len(images)}"),
            )

    write_reports(arguments, results, "parity", page)
    return exit_code(results, arguments.require)


def judged(results: Sequence[Reported], title: str, verbose: bool) -> Table:
    """A table of each artifact in each runtime; what was only measured where it is asked for."""
    table = Table(title=f"{title}: {verdict(results)}", title_justify="left")
    table.add_column("artifact", overflow="fold")
    table.add_column("runtime")
    table.add_column("verdict")
    table.add_column("measured", ratio=1)
    for result in results:
        lines = [_line(check) for check in result.checks if told(check) or verbose]
        same = 0 if verbose else sum(check.baseline is not None and not told(check) for check in result.checks)
        lines += [f"{same} figures as before"] if same else []
        table.add_row(result.artifact, result.runtime, verdict(result.checks), "\n".join(lines), end_section=True)
    return table


def _line(check: Check) -> str:
    said = shown(check)
    asked = [f"before {said.before}"] if said.before else []
    asked += [said.bound] if said.bound else []
    joined = f"  ({', '.join(asked)})" if asked else ""
    sign = "✗ " if check.verdict == "FAIL" else ""
    return f"{sign}{said.name}: {said.value}{joined}"
