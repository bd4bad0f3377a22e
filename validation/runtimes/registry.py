"""Which runtimes there are, by format; loading an artifact in one. The runtimes know nothing of this list."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from reference.errors import UserError
from reference.manifest import Format, Manifest

from .runtime import DEFAULT_OPTIONS, NotRun, Options, Runtime


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
    "litert-arm64": Kind(".litert", "ARMLiteRTRuntime", "tflite", on_request=True),
    "onnxruntime": Kind(".onnx", "ONNXRuntime", "onnx"),
    "onnxruntime-arm64": Kind(".onnx", "ARMONNXRuntime", "onnx", on_request=True),
}


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
    """Keys of the runtimes for a format, the preferred one first; those that are on request only are left out."""
    return [key for key, each in RUNTIMES.items() if each.format == format and not each.on_request]


def runtime_class(runtime: str) -> Any:
    """The class behind a key of RUNTIMES: takes artifact, manifest and options, and has what Runtime has."""
    chosen = kind(runtime)
    return getattr(import_module(chosen.module, __package__), chosen.class_name)


def kind(runtime: str) -> Kind:
    """RUNTIMES' entry of that key; UserError where there is none."""
    if runtime not in RUNTIMES:
        raise UserError(f"there is no runtime {runtime}: choose among {', '.join(RUNTIMES)}")
    return RUNTIMES[runtime]
