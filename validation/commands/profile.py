"""What `python -m validation latency --profile` prints."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from PIL import Image
from rich.table import Table

from reference.command_line import working
from reference.errors import UserError
from reference.scenes import render

from ..artifact import Artifact
from ..checks.profile import Profile, profile
from ..reporting.formats import write_file
from ..reporting.tables import show
from ..results import FAILED, NOT_RUN_BUT_REQUIRED, PASSED


def print_profiles(artifacts: Sequence[Artifact], image: Image.Image | None, arguments: Namespace) -> int:
    """Profile, print, write JSON where asked to; returns the exit code: 3 where no artifact ran."""
    threads, *others = arguments.threads or [1]
    if others:
        raise UserError("--profile is of one number of threads: give --threads one")
    with working("profiling", arguments.verbose):
        found = profile(
            artifacts,
            image=image or render("validation", 0).image,
            threads=threads,
            runs=arguments.runs,
            warm_up=arguments.warmup,
        )
    ran = [each for each in found if each.kernels]
    not_run = [f"NOT RUN: {each.artifact}: {each.not_run}" for each in found if each.not_run]
    failed = [f"FAIL: {each.failed}" for each in found if each.failed]
    show(*map(_table, ran), *not_run, *failed)
    if arguments.json is not None:
        write_file(arguments.json, json.dumps([asdict(each) for each in found], indent=2) + "\n")
    return FAILED if failed else PASSED if ran else NOT_RUN_BUT_REQUIRED


def _table(found: Profile) -> Table:
    title = f"{found.artifact} in {found.runtime}: {found.wall_ms:.2f} ms an inference"
    table = Table(title=title, title_justify="left", padding=0)
    table.add_column("kernel", overflow="fold", ratio=1)
    table.add_column("operations in the file", overflow="fold")
    for heading in ("count", "ms", "share"):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = [(each.name, each.operations, str(each.count), each.ms) for each in found.kernels]
    for name, operations, count, ms in (*rows, ("between kernels", "", "", found.elsewhere_ms)):
        table.add_row(name, operations, count, f"{ms:.3f}", f"{ms / found.wall_ms:.1%}")
    return table
