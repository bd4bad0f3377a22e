"""Artifacts of the demo checkpoint, converted once per run."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.artifact import Written


@pytest.fixture(scope="session")
def tflite(demo, tmp_path_factory):
    """(precision, input dtype) -> the artifact."""
    from converters.tflite.convert import convert

    done: dict[tuple[str, str], Written] = {}

    def get(precision: str = "float16", input_dtype: str = "float32") -> Written:
        key = (precision, input_dtype)
        if key not in done:
            folder = tmp_path_factory.mktemp("-".join(key))
            done[key] = convert(demo, folder, precision=precision, input_dtype=input_dtype)
        return done[key]

    return get


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
