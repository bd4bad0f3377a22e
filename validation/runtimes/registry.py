"""Which runtimes there are, by format; loading an artifact in one. The runtimes know nothing of this list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from reference.confined import Confined, Ended
from reference.errors import UserError
from reference.manifest import Format

from .apart import apart, own_process
from .runtime import DEFAULT_OPTIONS, Failed, LooksInside, NotRun, Options, Runtime

if TYPE_CHECKING:
    from ..artifact import Artifact


@dataclass(frozen=True)
class Kind:
    """Where a runtime's class is, the format it takes, and the distribution that runs it.

    on_request: only where its key is named. timed_on: the system, as platform calls it, on which its time is a
    device's; "" for all. slowness: how many times as long as others it may take.
    """

    module: str
    class_name: str
    format: Format
    distribution: str
    on_request: bool = False
    timed_on: str = ""
    slowness: float = 1.0


RUNTIMES: dict[str, Kind] = {
    "coreml-native": Kind(".coreml", "CoreMLRuntime", "mlpackage", "coremltools", slowness=10),  # it compiles
    "mil": Kind(".mil", "ProgramRuntime", "mlpackage", "coremltools"),
    "coreai": Kind(".coreai", "CoreAIRuntime", "aimodel", "coreai-core", timed_on="Darwin", slowness=10),
    "litert": Kind(".litert", "LiteRTRuntime", "tflite", "ai-edge-litert"),
    "litert-no-xnnpack": Kind(".litert", "PlainLiteRTRuntime", "tflite", "ai-edge-litert", on_request=True),
    "litert-arm64": Kind(".litert", "ARMLiteRTRuntime", "tflite", "ai-edge-litert", on_request=True),
    "litert-gpu": Kind(".litert_gpu", "GPULiteRTRuntime", "tflite", "ai-edge-litert", on_request=True, slowness=10),
    "onnxruntime": Kind(".onnx", "ONNXRuntime", "onnx", "onnxruntime"),
    "onnxruntime-arm64": Kind(".onnx", "ARMONNXRuntime", "onnx", "onnxruntime", on_request=True),
}


def load(
    artifact: Artifact,
    runtime: str | None = None,
    options: Options = DEFAULT_OPTIONS,
    process: Confined | None = None,
) -> Runtime:
    """Load an artifact, apart from this process.

    Args:
        runtime: a key of RUNTIMES; None: the first one for the artifact's format that is here. Where there is no Core
            ML, an .mlpackage goes to the project's own executor, which says so in its name.
        process: the file's own; None: one is made.

    Raises:
        NotRun: when the runtime is not here.
        Failed: when the artifact cannot be loaded.
        UserError: when it is not of the runtime's format.
    """
    format = artifact.manifest.artifact.format
    suitable = suitable_runtimes(format)
    if runtime is not None:
        if kind(runtime).format != format:
            raise UserError(f"{artifact.label} does not run in {runtime}: choose among {', '.join(suitable)}")
        chosen = runtime_class(runtime)
        chosen.check_here()
        if not chosen.confined:
            return chosen(artifact.path, artifact.manifest, options)
        process = process or own_process(artifact.path, artifact.manifest)
        return apart(chosen, RUNTIMES[runtime].slowness, artifact, options, process)
    last = NotRun(f"there is no runtime for .{format}")
    for key in suitable:
        try:
            return load(artifact, key, options, process)
        except NotRun as reason:
            last = reason
    raise last


def load_here(artifact: Artifact, runtime: str, options: Options = DEFAULT_OPTIONS) -> Runtime:
    """`load` in this process, to be timed: for a file that has been seen to run apart."""
    return runtime_class(runtime)(artifact.path, artifact.manifest, options)


def load_fitting(
    artifact: Artifact,
    runtime: str | None = None,
    options: Options = DEFAULT_OPTIONS,
    process: Confined | None = None,
) -> Runtime:
    """`load`, and a run on black: what does not fit its manifest shows.

    Raises:
        NotRun, Failed: see load; Failed too where the artifact takes or gives something else than its manifest says.
    """
    loaded, manifest = load(artifact, runtime, options, process), artifact.manifest
    steps, shape = manifest.preprocessing, manifest.answer.shape
    black = np.zeros((steps.crop_height, steps.crop_width, len(manifest.input.scale)), np.uint8)
    try:
        answer = loaded.run(black)
        said = "" if answer.size == math.prod(shape[len(shape) > 1 :]) else f"one answer has {answer.size} values"
    except UserError as error:
        if isinstance(error.__cause__, Ended):
            raise
        said = str(error)
    if said:
        raise Failed(f"{artifact.label} does not fit its manifest ({said}): convert it again", artifact.label)
    return loaded


def suitable_runtimes(format: Format) -> list[str]:
    """Keys of the runtimes for a format, the preferred one first; those that are on request only are left out."""
    return [key for key, each in RUNTIMES.items() if each.format == format and not each.on_request]


def looking_inside(format: Format) -> str | None:
    """The key of the preferred runtime for a format that gives results on the way; None where there is none."""
    return next((key for key in suitable_runtimes(format) if issubclass(runtime_class(key), LooksInside)), None)


def runtime_class(runtime: str) -> Any:
    """The class behind a key of RUNTIMES: takes artifact, manifest and options, and has what Runtime has."""
    chosen = kind(runtime)
    return getattr(import_module(chosen.module, __package__), chosen.class_name)


def kind(runtime: str) -> Kind:
    """RUNTIMES' entry of that key; UserError where there is none."""
    if runtime not in RUNTIMES:
        raise UserError(f"there is no runtime {runtime}: choose among {', '.join(RUNTIMES)}")
    return RUNTIMES[runtime]
