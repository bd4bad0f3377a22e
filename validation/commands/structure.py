"""What `python -m validation structure` prints."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from rich.table import Table

from reference.command_line import working

from ..artifact import Broken
from ..checks.structure import Structure, structures
from ..graphs import Weights
from ..reporting.formats import write_file
from ..reporting.tables import show
from ..results import FAILED, PASSED

KINDS = 8  # of operations, the most frequent ones; -v shows all


def run(arguments: Namespace) -> int:
    """Look into the artifacts, print, write JSON where asked to; returns the exit code."""
    with working("reading", arguments.verbose):
        looked = structures(arguments.artifacts, npus=arguments.npu)
    found = [each for each in looked if isinstance(each, Structure)]
    broken = [f"FAIL: {each.reason}" for each in looked if isinstance(each, Broken)]
    show(*(_table(each, None if arguments.verbose else KINDS) for each in found), *broken)
    if arguments.json is not None:
        write_file(arguments.json, json.dumps([asdict(each) for each in found], indent=2) + "\n")
    return FAILED if broken else PASSED


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
    if found.work is not None:
        macs = ", ".join(f"{kind} {count / 1e6:.1f} M" for kind, count in found.work.macs.items())
        table.add_row("multiplications", f"{sum(found.work.macs.values()) / 1e6:.1f} M: {macs}")
        table.add_row(
            "an inference",
            f"moves {found.work.moved_bytes / 1e6:.2f} MB; converts {found.work.converted_values:,} values between "
            f"types, in {found.work.conversions} operations",
        )
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
