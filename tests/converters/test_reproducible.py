"""The same bytes from the same checkpoint: in whatever process, folder, number of threads and order of hashes.

Of each pipeline's default `test_commands.py` shows it, without a conversion more.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reference.manifest import digest

from .conftest import names_in

ROOT = Path(__file__).parent.parent.parent
# Few and small, so that a conversion takes little longer than its imports.
FEW = "--calibration-samples 4"
OPTIONS = {
    "coreml": [
        "--precision float32", "--precision mixed", "--compress palettize4", "--compress int8", "--compress palettize8",
        "--compress palettize6", "--compress w8a8", "--task segmentation", "--task features", "--batch 2",
        "--output logits", "--image-size 64,128", "--task segmentation --compress w8a8", "--size s",
    ],
    "tflite": [
        "--quantize none", "--quantize int8", "--quantize int8-weight", "--quantize int8-dynamic",
        "--quantize int8-full", "--quantize int16x8", "--task segmentation", "--task features", "--batch 2",
        "--input-dtype uint8", "--task segmentation --quantize int8", "--size s",
    ],
    "onnx": [
        "--quantize float16", "--quantize int8", "--quantize int8 --range-method percentile", "--task segmentation",
        "--task features", "--batch 2", "--dynamic-batch", "--size s",
    ],
    "coreai": [
        "", "--precision float32", "--compress int8", "--compress w8a8", "--compress palettize6",
        "--compress palettize4", "--task segmentation", "--task features", "--batch 2", "--size s",
    ],
}  # fmt: skip


def converted(pipeline: str, options: str, folder: Path, seed: int, threads: int) -> dict[str, str]:
    """Name -> sha256 of all that a conversion in a process of its own writes."""
    small = FEW if "--image-size" in options else f"{FEW} --image-size 64"
    result = subprocess.run(
        [sys.executable, "-m", f"converters.{pipeline}", "--golden", *shlex.split(f"{small} {options}"),
         "--output-dir", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": str(threads), "SOURCE_DATE_EPOCH": "0"},
        capture_output=True,
        text=True,
        timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return {name: digest(folder / name) for name in names_in(folder)}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("pipeline", "options"),
    [
        pytest.param(pipeline, each, marks=[pytest.mark.writes_packages] if pipeline == "coreml" else [])
        for pipeline, several in OPTIONS.items()
        for each in several
    ],
)
def test_the_same_bytes(pipeline, options, tmp_path):
    if pipeline == "coreai":
        pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed (extra coreai, Python 3.11)")
    first = converted(pipeline, options, tmp_path / "first", seed=1, threads=1)
    second = converted(pipeline, options, tmp_path / "elsewhere" / "second", seed=2, threads=3)
    assert len(first) == 3
    assert first == second
