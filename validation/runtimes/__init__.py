"""Runtimes that execute artifacts, behind one small protocol.

A runtime that cannot run here raises NotRun with its reason; nobody may take that for a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from reference.errors import UserError
from reference.manifest import Format, Manifest


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
        """uint8 RGB pixels [H, W, 3], resized and cropped -> the manifest's `answer`.

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
    """threads: of CPU runtimes; compute_units: of Core ML, a name in coremltools' ComputeUnit."""

    threads: int = 1
    compute_units: str = "ALL"


DEFAULT_OPTIONS = Options()


@dataclass(frozen=True)
class Kind:
    """Where a runtime's class is, and the format it takes; on_request: only where its key is named."""

    module: str
    class_name: str
    format: Format
    on_request: bool = False


RUNTIMES: dict[str, Kind] = {
    "coreml-native": Kind(".coreml", "CoreMLRuntime", "mlpackage"),
    "mil": Kind(".mil", "ProgramRuntime", "mlpackage"),
    "litert": Kind(".litert", "LiteRTRuntime", "tflite"),
    "litert-no-xnnpack": Kind(".litert", "PlainLiteRTRuntime", "tflite", on_request=True),
    "onnxruntime": Kind(".onnx", "ONNXRuntime", "onnx"),
}


def app_answer(outputs: Mapping[str, Any], manifest: Manifest) -> np.ndarray:
    """The manifest's `answer` among what Core ML or the executor returned; probabilities in the order of the labels."""
    value = outputs[manifest.answer.name]
    if manifest.answer.kind == "dictionary":
        return np.array([value[label] for label in manifest.labels], dtype=np.float32)
    return np.asarray(value)[0]


def load(artifact: Path, manifest: Manifest, runtime: str | None = None, options: Options = DEFAULT_OPTIONS) -> Runtime:
    """Load an artifact.

    Args:
        runtime: a key of RUNTIMES; None: the first one for the artifact's format that is here. Where there is no Core
            ML, an .mlpackage goes to the project's own executor, which says so in its name.

    Raises:
        NotRun: when the runtime is not here.
        UserError: when the artifact cannot be loaded, or is not of the runtime's format.
    """
    suitable = suitable_runtimes(manifest.artifact.format)
    if runtime is not None:
        chosen = kind(runtime)
        if chosen.format != manifest.artifact.format:
            raise UserError(f"{artifact.name} does not run in {runtime}: choose among {', '.join(suitable)}")
        return runtime_class(runtime)(artifact, manifest, options)
    for key in suitable:
        try:
            return load(artifact, manifest, key, options)
        except NotRun as reason:
            last = reason
    raise last


def suitable_runtimes(format: Format) -> list[str]:
    """Keys of the runtimes for a format, the preferred one first; those that only differ in a setting are left out."""
    return [key for key, each in RUNTIMES.items() if each.format == format and not each.on_request]


def runtime_class(runtime: str) -> Any:
    """The class behind a key of RUNTIMES: takes artifact, manifest and options, and has what Runtime has."""
    chosen = kind(runtime)
    return getattr(import_module(chosen.module, __name__), chosen.class_name)


def kind(runtime: str) -> Kind:
    """RUNTIMES' entry of that key; UserError where there is none."""
    if runtime not in RUNTIMES:
        raise UserError(f"there is no runtime {runtime}: choose among {', '.join(RUNTIMES)}")
    return RUNTIMES[runtime]
