"""What `python -m validation parity` prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from rich.table import Table

from reference.command_line import working

from ..comparison import Parity, parity, pictures
from ..reports import as_json, as_junit, as_markdown, shown, write_file
from ..results import Check, exit_code, verdict
from ..runtimes import Options
from ..tables import show


def run(arguments: Namespace) -> int:
    """Compare, print, write JSON where asked to; returns the exit code."""
    images = pictures(arguments.images) if arguments.images else None
    with working("comparing with the reference", arguments.verbose):
        results = parity(
            arguments.artifacts,
            images=images,
            checkpoint=arguments.checkpoint,
            runtimes=arguments.runtime,
            options=Options(arguments.threads, arguments.compute_units),
        )
    table = Table(title=f"parity: {verdict(results)}", title_justify="left")
    table.add_column("artifact", overflow="fold")
    table.add_column("runtime")
    table.add_column("verdict")
    table.add_column("measured", ratio=1)
    for result in results:
        said = verdict(result.checks)
        table.add_row(
            result.artifact, result.runtime, said, "\n".join(_lines(result.checks, arguments.verbose)), end_section=True
        )
    show(table, *_diagnoses(results))
    for path, write in ((arguments.json, as_json), (arguments.markdown, as_markdown), (arguments.junit, as_junit)):
        if path is not None:
            write_file(path, write(results))
    return exit_code(results, arguments.require)


def _lines(checks: Sequence[Check], verbose: bool) -> list[str]:
    """What was measured; unbounded metrics only where they are asked for."""
    lines = []
    for check in checks:
        if check.bound is not None or check.verdict != "PASS" or verbose:
            said = shown(check)
            bound = f"  ({said.bound})" if said.bound else ""
            lines.append(f"{'✗ ' if check.verdict == 'FAIL' else ''}{said.name}: {said.value}{bound}")
    return lines


def _diagnoses(results: Sequence[Parity]) -> list[str]:
    return [f"{each.artifact}, {each.runtime}: {line}" for each in results for line in each.diagnosis]
