"""What a run measured, as a file to hold later runs against: small numbers, made to be read in a diff."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

from reference.errors import UserError
from reference.manifest import CheckpointFacts, Manifest, Preprocessing, Task
from reference.strict import Strict, read_strict

BUNDLED = Path(__file__).parent
DIGITS = 6  # significant ones that are kept: shares lie close to 1

Figures = dict[str, int | float]


class Measured(Strict):
    """An artifact's figures by the names in `allowances`.

    file: of the file alone; runtimes: by the keys of RUNTIMES, those that ran; anew: see reference/tolerances.py;
    tool_versions: what made the artifact.
    """

    anew: bool
    file: Figures
    runtimes: dict[str, Figures]
    tool_versions: dict[str, str]


class Baseline(Strict):
    """One run.

    data: tells data sets apart; images: how many; compared: those that parity saw; machine: what latencies depend on;
    reference: accuracies of the PyTorch reference; tool_versions: what ran the artifacts; artifacts: by label.
    """

    schema_version: Literal[2]
    task: Task
    size: str
    checkpoint: CheckpointFacts
    preprocessing: Preprocessing
    data: str
    images: int
    compared: int
    machine: str
    tool_versions: dict[str, str]
    reference: Figures
    artifacts: dict[str, Measured]


def bundled(manifest: Manifest) -> Path:
    """Where the kit's own baseline for artifacts like this one is, or would be."""
    return BUNDLED / f"{manifest.task}_{manifest.size}.json"


def read_baseline(path: Path) -> Baseline:
    """Read and check a baseline; UserError where there is none or it is malformed."""
    return read_strict(path, Baseline, "baseline", "make it with --update-baseline")


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write aside, then move: whoever reads meanwhile sees the old one, whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(baseline.model_dump_json(indent=2) + "\n")
            os.chmod(aside, 0o644)  # mkstemp's file is its maker's alone
            os.replace(aside, path)
        finally:
            Path(aside).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def rounded(value: float) -> int | float:
    """To DIGITS significant digits; whole numbers as they are."""
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")
