"""What a runtime is: an artifact, loaded, behind one small protocol.

A runtime that cannot run here raises NotRun with its reason; nobody may take that for a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from reference.manifest import Manifest


class NotRun(Exception):
    """This runtime is not available here; the text says why."""


@dataclass(frozen=True)
class Layer:
    """A result on the way: its name in the artifact, and the value [C, H, W] of one image."""

    name: str
    value: np.ndarray


class Runtime(Protocol):
    """An artifact, loaded. A runtime that can look inside also has the method `convolutions`, see `LooksInside`."""

    name: str

    @staticmethod
    def check_here() -> None:
        """NotRun, with its reason, where this runtime cannot run; needs no artifact."""
        ...

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB pixels [H, W, 3], or grey ones [H, W, 1], resized and cropped -> the manifest's `answer`.

        Without the batch axis, maps channels first.
        """
        ...


@runtime_checkable
class LooksInside(Protocol):
    """A runtime that gives results on the way."""

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """uint8 RGB pixels [H, W, 3] -> the results of all convolutions over maps, in the order they run."""
        ...


@dataclass(frozen=True)
class Options:
    """threads: of CPU runtimes; compute_units: of Core ML, a name in coremltools' ComputeUnit; arm_processor: what the
    runtimes on ARM emulate, in qemu's words for -cpu, None for the newest."""

    threads: int = 1
    compute_units: str = "ALL"
    arm_processor: str | None = None


DEFAULT_OPTIONS = Options()


def without_batch(value: np.ndarray) -> np.ndarray:
    """An answer [1, ...] of one image; a vector has no batch to begin with."""
    return value if value.ndim == 1 else value[0]


def app_answer(outputs: Mapping[str, Any], manifest: Manifest) -> np.ndarray:
    """The manifest's `answer` among what Core ML or the executor returned; probabilities in the order of the labels."""
    value = outputs[manifest.answer.name]
    if manifest.answer.kind == "dictionary":
        return np.array([value[label] for label in manifest.labels], dtype=np.float32)
    return without_batch(np.asarray(value))
