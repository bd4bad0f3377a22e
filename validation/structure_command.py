"""What `python -m validation structure` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from reference.command_line import working

from .graphs import Weights
from .results import PASSED
from .structure import Structure, structure
from .tables import show

KINDS = 8  # of operations, the most frequent ones; -v shows all


def run(artifacts: Sequence[Path], *, json_file: Path | None, verbose: bool) -> int:
    """Look into the artifacts, print, write JSON where asked to; returns the exit code."""
    with working("reading", verbose):
        found = structure(artifacts)
    show(*(_table(each, None if verbose else KINDS) for each in found))
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n", "utf-8")
    return PASSED


def _table(found: Structure, kinds: int | None) -> Table:
    table = Table(title=f"{found.artifact}  {found.bytes / 1e6:.2f} MB", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("found", overflow="fold", ratio=1)
    said = [f"{kind} {count}" for kind, count in list(found.operations.items())[:kinds]]
    rest = len(found.operations) - len(said)
    total = sum(found.operations.values())
    table.add_row("operations", f"{total}: {', '.join(said)}{f', {rest} more kinds' if rest else ''}")
    table.add_row("moves", f"{found.transposes} transposes, {found.reshapes} reshapes; {found.rank} dimensions at most")
    table.add_row("computes with", ", ".join(f"{kind} {count}" for kind, count in found.computes.items()))
    table.add_row("weights", "\n".join(_weights(each) for each in found.weights))
    parts = []
    for each in found.partitions:
        inside = "" if each.operations is None else f", {each.operations} operations"
        count = "" if each.count is None else f"{each.count}{inside}  "
        parts.append(f"{each.accelerator}: {count}({each.source})")
    table.add_row("partitions", "\n".join(parts))
    for warning in found.obstacles:
        table.add_row("warning", f"{warning.accelerator}: {warning.reason} ({warning.operations}; {warning.source})")
    return table


def _weights(weights: Weights) -> str:
    compression = "" if weights.compression == "none" else f", {weights.compression}"
    return f"{weights.data_type}{compression}: {weights.bytes:,} bytes in {weights.tensors} tensors"
