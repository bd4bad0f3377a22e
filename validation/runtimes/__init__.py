"""Runtimes that execute artifacts, behind one small protocol.

A runtime that cannot run here raises NotRun with its reason; nobody may take that for a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from reference.manifest import Manifest


class NotRun(Exception):
    """This runtime is not available here; the text says why."""


class Runtime(Protocol):
    """An artifact, loaded."""

    name: str

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB pixels [H, W, 3], resized and cropped -> the manifest's `answer`, without the batch axis."""
        ...


def app_answer(outputs: Mapping[str, Any], manifest: Manifest) -> np.ndarray:
    """The manifest's `answer` among what Core ML or the executor returned; probabilities in the order of the labels."""
    value = outputs[manifest.answer.name]
    if manifest.answer.kind == "dictionary":
        return np.array([value[label] for label in manifest.labels], dtype=np.float32)
    return np.asarray(value)[0]


def load(artifact: Path, manifest: Manifest) -> Runtime:
    """Load an artifact into the runtime of its format; NotRun when that runtime is not here.

    Where there is no Core ML, an .mlpackage goes to the project's own executor, which says so in its name.
    """
    if manifest.artifact.format == "mlpackage":
        from .coreml import CoreMLRuntime

        try:
            return CoreMLRuntime(artifact, manifest)
        except NotRun:
            from .mil import ProgramRuntime

            return ProgramRuntime(artifact, manifest)
    from .litert import LiteRTRuntime

    return LiteRTRuntime(artifact, manifest)
