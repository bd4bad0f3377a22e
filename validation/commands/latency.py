"""What `python -m validation latency` prints."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from reference.command_line import working
from reference.picture_files import open_image

from ..artifact import References, open_artifacts
from ..checks.latency import Latency, latency
from ..reporting.formats import write_file
from ..reporting.tables import show
from ..results import FAILED, NOT_RUN_BUT_REQUIRED, PASSED
from ..runtimes import Options
from .profile import print_profiles

LEGEND = """ms. crop: resize and crop, p50; p50, p90, p99, IQR (interquartile range): inference by the clock;
cpu: its p50 in processor time of all threads; ratio: median of the rounds' own, by clock and by
cpu, to {}.
MiB: peak memory of loading and one run, beyond a process that has loaded PyTorch."""
BATCHES = """Of a model that takes several images at once, crop and ratio are of one image, all else is of
a whole batch."""


def run(arguments: Namespace) -> int:
    """Time or profile, print, write JSON where asked to; returns the exit code: 3 where no artifact ran."""
    artifacts = open_artifacts(arguments.artifacts)
    image = None if arguments.image is None else open_image(arguments.image)
    if arguments.profile:
        return print_profiles(artifacts, image, arguments)
    with working("timing", arguments.verbose):
        results = latency(
            artifacts,
            against=arguments.against,
            image=image,
            checkpoint=References(arguments.checkpoint, arguments.revision),
            threads=arguments.threads or [1],
            runs=arguments.runs,
            warm_up=arguments.warmup,
            options=Options(compute_units=arguments.compute_units),
        )
    legend = [LEGEND.format(Path(arguments.against).name), *[BATCHES] * any(each.batch > 1 for each in results)]
    show(_table(results, arguments.runs), *legend, *_left_out(results))
    if arguments.json is not None:
        write_file(arguments.json, json.dumps([asdict(each) for each in results], indent=2) + "\n")
    if any(each.failed for each in results):
        return FAILED
    ran = {each.model for each in results if not each.not_run}
    return PASSED if ran & {artifact.label for artifact in artifacts} else NOT_RUN_BUT_REQUIRED


def _table(results: Sequence[Latency], runs: int) -> Table:
    table = Table(title=f"{runs} rounds in turn", title_justify="left", padding=0)
    table.add_column("model, runtime", overflow="fold", ratio=1)
    for heading in ("threads", "load", "crop", "p50", "p90", "p99", "IQR", "cpu", "ratio", "MiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in results:
        crop, times = each.preprocessing, each.inference
        if crop is None or times is None:
            continue
        each_image = f"\n{each.batch} at once, {times.percentile(50) / each.batch:.2f} each" if each.batch > 1 else ""
        percentiles = [f"{times.percentile(percent):.2f}" for percent in (50, 90, 99)]
        table.add_row(
            f"{each.model}\n{each.runtime}{each_image}",
            str(each.threads),
            f"{each.load_ms:.0f}",
            f"{crop.percentile(50):.1f}",
            *percentiles,
            f"{times.spread:.2f}",
            f"{times.percentile(50, 'processor'):.2f}",
            "-" if each.ratio is None else f"{each.ratio:.2f} {each.processor_ratio:.2f}",
            "-" if each.peak_mib is None else f"{each.peak_mib:.0f}",
        )
    return table


def _left_out(results: Sequence[Latency]) -> list[str]:
    not_run = [f"NOT RUN: {each.model}, {each.threads} threads: {each.not_run}" for each in results if each.not_run]
    return not_run + list(dict.fromkeys(f"FAIL: {each.failed}" for each in results if each.failed))
