"""What `python -m validation parity` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from reference.command_line import working

from .metrics import METRICS
from .parity import Parity, parity, pictures
from .results import Check, exit_code, verdict
from .runtimes import Options
from .tables import show


def run(
    artifacts: Sequence[Path],
    checkpoint: str | None,
    *,
    images: Sequence[Path],
    runtimes: Sequence[str],
    required: Sequence[str],
    options: Options,
    json_file: Path | None,
    verbose: bool,
) -> int:
    """Compare, print, write JSON where asked to; returns the exit code."""
    given = pictures(images) if images else None
    with working("comparing with the reference", verbose):
        results = parity(artifacts, images=given, checkpoint=checkpoint, runtimes=runtimes, options=options)
    checks = [check for result in results for check in result.checks]
    code = exit_code(checks, required)
    table = Table(title=f"parity: {verdict(checks)}", title_justify="left")
    table.add_column("artifact", overflow="fold")
    table.add_column("runtime")
    table.add_column("verdict")
    table.add_column("measured", ratio=1)
    for result in results:
        said = verdict(result.checks)
        table.add_row(
            result.artifact, result.runtime, said, "\n".join(_lines(result.checks, verbose)), end_section=True
        )
    show(table, *_diagnoses(results))
    if json_file is not None:
        facts = [{"checks": [c.model_dump() for c in each.checks], "diagnosis": each.diagnosis} for each in results]
        json_file.write_text(json.dumps({"verdict": verdict(checks), "results": facts}, indent=2) + "\n", "utf-8")
    return code


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
            lines.append(f"{'✗ ' if check.verdict == 'FAIL' else ''}{metric.says} {value}{bound}")
    return lines


def _diagnoses(results: Sequence[Parity]) -> list[str]:
    return [f"{each.artifact}, {each.runtime}: {line}" for each in results for line in each.diagnosis]
