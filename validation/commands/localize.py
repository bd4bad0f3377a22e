"""What `python -m validation localize` prints."""

from __future__ import annotations

from argparse import Namespace

from rich.table import Table

from reference.command_line import working
from reference.picture_files import open_image
from reference.scenes import render

from ..artifact import References
from ..checks.diagnosis import where
from ..checks.localize import first_bad, localize
from ..reporting.tables import show
from ..results import FAILED, NOT_RUN_BUT_REQUIRED, PASSED
from ..runtimes import Failed, NotRun, Options

WIDTH = 20  # of the chart, for FULL_DB
FULL_DB = 100.0


def run(arguments: Namespace) -> int:
    """Print each convolution's signal-to-noise ratio and where the artifact leaves the reference; the exit code."""
    picture = render("validation", 0).image if arguments.image is None else open_image(arguments.image)
    artifact = arguments.artifact
    try:
        with working(f"running {artifact.name}", arguments.verbose):
            located, bound = localize(
                artifact,
                picture,
                checkpoint=References(arguments.checkpoint, arguments.revision),
                runtime=arguments.runtime,
                options=Options(arguments.threads, arguments.compute_units, arguments.arm_processor),
            )
    except NotRun as reason:
        show(f"NOT RUN: {reason}")
        return NOT_RUN_BUT_REQUIRED
    except Failed as reason:
        show(f"FAIL: {reason}")
        return FAILED
    bad = first_bad(located, bound)
    table = Table(title=f"{artifact.name}, layer by layer", title_justify="left")
    table.add_column("convolution of the reference", overflow="fold")
    table.add_column("SQNR, dB", justify="right")
    table.add_column(f"0 .. {FULL_DB:.0f} dB", min_width=WIDTH, no_wrap=True)
    for each in located:
        bar = "█" * round(WIDTH * min(max(each.sqnr_db, 0), FULL_DB) / FULL_DB) if each.sqnr_db == each.sqnr_db else ""
        table.add_row(each.module, f"{each.sqnr_db:.1f}{' ✗' if not each.sqnr_db >= bound else ''}", bar)
    show(table)
    show(f"every layer reaches {bound:.1f} dB, the bound of a sound one" if bad is None else where(located, bound)[0])
    return PASSED if bad is None else FAILED
