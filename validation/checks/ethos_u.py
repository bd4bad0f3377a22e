"""What Arm's own compiler makes of a .tflite file for its Ethos-U NPUs, which know integers only."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from reference.confined import Confined

from ..graphs import read
from ..runtimes import reading_seconds
from .accelerators import Obstacle, Partitions

FOR_THE_NPU = "CUSTOM ethos-u"  # what the compiler puts in the place of what it takes
SECONDS = 600  # xxs takes 15
WANTS_MEMORY = re.compile(r"Memory used (\d+), limit \d+")


def ethos_u(artifact: Path, npu: str, process: Confined) -> tuple[Partitions, list[Obstacle]]:
    """What vela, the compiler, takes of a file and what it leaves to the CPU.

    Args:
        npu: one that it knows, such as "ethos-u55-128", in its own default system (`vela --help`). Times are its
            estimates, and no device's.
        process: in which files are read.
    """

    def kinds_in(file: Path) -> Counter[str]:
        return process.call(_kinds, file, seconds=reading_seconds(file))

    try:
        compiler = f"vela {version('ethos-u-vela')}"
    except PackageNotFoundError:
        return Partitions(npu, None, None, "NOT RUN: ethos-u-vela is not installed (extra npu)"), []
    memory = 0  # bytes of fast memory that the NPU's default lacks, if it does
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder, f"{artifact.stem}_vela.tflite")
        while True:
            try:
                done = _compile(artifact, npu, folder, ["--arena-cache-size", str(memory)] if memory else [])
            except subprocess.TimeoutExpired:
                return Partitions(npu, None, None, f"NOT RUN: {compiler} took more than {SECONDS} s"), []
            if not done.returncode and compiled.exists():
                break
            last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
            wanted = WANTS_MEMORY.search(last)
            if wanted is None or int(wanted[1]) <= memory:
                return Partitions(npu, None, None, f"NOT RUN: {compiler} refuses the file: {last}"), []
            memory = int(wanted[1])
        kinds = kinds_in(compiled)
        estimate = _milliseconds(Path(folder))
    parts = kinds.pop(FOR_THE_NPU, 0)
    taken = kinds_in(artifact).total() - kinds.total()
    left = [Obstacle(npu, f"leaves {kind} to the CPU", count, compiler) for kind, count in kinds.items()]
    by = f" with {memory / 1024:.0f} KiB of SRAM, more than its default" if memory else ""
    return Partitions(npu, parts, taken, f"{compiler}, which estimates {estimate:.0f} ms{by}"), left


def _compile(artifact: Path, npu: str, folder: str, more: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = ["-m", "ethosu.vela", str(artifact.resolve()), "--accelerator-config", npu, "--output-dir", ".", *more]
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=SECONDS)


def _kinds(file: Path) -> Counter[str]:
    return Counter(node.kind for node in read(file).nodes)


def _milliseconds(folder: Path) -> float:
    (summary,) = folder.glob("*_summary_*.csv")
    with summary.open(newline="", encoding="utf-8") as file:
        (facts,) = csv.DictReader(file)
    return 1e3 * float(facts["inference_time"])
