"""What `python -m validation parity` prints."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence

from rich.table import Table

from reference.command_line import working

from ..comparison import Parity, parity, pictures
from ..metrics import METRICS
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
    if arguments.json is not None:
        facts = [{"checks": [c.model_dump() for c in each.checks], "diagnosis": each.diagnosis} for each in results]
        arguments.json.write_text(json.dumps({"verdict": verdict(results), "results": facts}, indent=2) + "\n", "utf-8")
    return exit_code(results, arguments.require)


def _lines(checks: Sequence[Check], verbose: bool) -> list[str]:
    """What was measured; unbounded metrics only where they are asked for."""
    lines = []
    for check in checks:
        metric = METRICS.get(check.check)
        if metric is None:
            lines.append(f"{check.check}: {check.reason}" if check.verdict == "FAIL" else check.reason)
        elif check.bound is not None or check.verdict == "FAIL" or verbose:
            value = "not finite" if check.value is None else f"{check.value:.4g}"
            sign = "≥" if metric.higher_is_better else "≤"
            bound = "" if check.bound is None else f"  ({sign} {check.bound:.4g})"
            lines.append(f"{'✗ ' if check.verdict == 'FAIL' else ''}{metric.says}: {value}{bound}")
    return lines


def _diagnoses(results: Sequence[Parity]) -> list[str]:
    return [f"{each.artifact}, {each.runtime}: {line}" for each in results for line in each.diagnosis]
