"""Artifacts of the demo checkpoint, converted once per run."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.artifact import Written


@pytest.fixture(scope="session")
def tflite(demo, tmp_path_factory):
    """(mode, input dtype) -> the artifact; few calibration images, as they take the time."""
    from converters.tflite.convert import convert
    from converters.tflite.quantize import Options

    done: dict[tuple[str, str | None], Written] = {}

    def get(mode: str = "float16", input_dtype: str | None = None) -> Written:
        key = (mode, input_dtype)
        if key not in done:
            options = Options(mode=mode, input_dtype=input_dtype, calibration_samples=16)
            done[key] = convert(demo, tmp_path_factory.mktemp(mode), options)
        return done[key]

    return get


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
