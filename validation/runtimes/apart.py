"""Runtimes in a process of their own, one for each file: what a file makes of its runtime, it makes of that alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from reference.confined import GIB, Confined, Misbehaved
from reference.errors import UserError
from reference.manifest import Manifest, size_in_bytes

from .runtime import Failed, Layer, LooksInside, Options, Runtime

if TYPE_CHECKING:
    from ..artifact import Artifact, File

# Imported while this process does something else.
AHEAD = {
    ".mlpackage": ("validation.mil.program", "validation.graphs.mlpackage"),
    ".aimodel": ("coreai.authoring.asset",),
    ".tflite": ("ai_edge_litert.interpreter", "ai_edge_litert.schema_py_generated", "validation.runtimes.litert"),
    ".onnx": ("onnxruntime", "onnx", "validation.runtimes.onnx"),
}
# Seconds of processor time. The slowest way through LiteRT takes 0.2 for an image of 256 x 256 and a file of 1 MB; a
# busy or small processor takes several times as long, and no verdict may hang on that.
ANY, EACH_MB, PIXELS = 10.0, 0.5, 256 * 256
FEW = 4

AnyFile = TypeVar("AnyFile", bound="File")


def own_process(path: Path, manifest: Manifest | None = None) -> Confined:
    """A process for a file; one that runs, as the manifest tells, has memory for what attention takes as well.

    That is float32 [4, 4, N, N] of each image, see reference.manifest; a few operations hold them at once.
    """
    attention = 0 if manifest is None else manifest.input.batch * 4 * 4 * 4 * (_pixels(manifest) // 16**2) ** 2
    return Confined(*AHEAD.get(path.suffix, ()), bytes=2 * GIB + FEW * attention)


def each_apart(files: Sequence[AnyFile]) -> Iterator[tuple[AnyFile, Confined]]:
    """Each file with a process of its own, which ends as the next file comes. The next one's starts meanwhile."""
    coming = [_process_of(each) for each in files[:1]]
    for place, file in enumerate(files):
        process, coming = coming[0], [_process_of(each) for each in files[place + 1 : place + 2]]
        with process:
            yield file, process


def _process_of(file: File) -> Confined:
    return own_process(file.path, getattr(file, "manifest", None))


def reading_seconds(path: Path) -> float:
    """What reading a file may take, of processor time."""
    return ANY + EACH_MB * (size_in_bytes(path) if path.exists() else 0) / 1e6


class Apart(Runtime):
    """A runtime of that class in a process: the file's own, where there is one already.

    Raises (each method too):
        Failed: where the file cannot be loaded or run, whatever it does to the process.
        NotRun: see Runtime.
    """

    def __init__(self, kind: type[Runtime], slowness: float, artifact: Artifact, options: Options, process: Confined):
        self.name, self.batch = kind.name, artifact.manifest.input.batch
        self._key, self._label, self._process = kind.__name__, artifact.label, process
        work = size_in_bytes(artifact.path) / 1e6 * _pixels(artifact.manifest) / PIXELS * self.batch
        self._seconds = slowness * options.threads * (ANY + EACH_MB * work)
        self._call(_open, kind.__module__, kind.__name__, artifact.path, artifact.manifest, options)

    @staticmethod
    def check_here() -> None:
        """See Runtime. Opening it tells."""

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime."""
        return self._call(_run, self._key, "run_batch", images)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self._process.call(function, *arguments, seconds=self._seconds)
        except Misbehaved as error:
            raise Failed(f"{self._label}: {self.name} {error}", self._label) from error
        except UserError as error:
            raise Failed(str(error), self._label) from error


class ApartInside(Apart):
    """One that looks inside."""

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside."""
        return self._call(_run, self._key, "convolutions", pixels)


def apart(kind: type[Runtime], slowness: float, artifact: Artifact, options: Options, process: Confined) -> Apart:
    """See Apart; with a look inside where the class has one."""
    return (ApartInside if issubclass(kind, LooksInside) else Apart)(kind, slowness, artifact, options, process)


def _pixels(manifest: Manifest) -> int:
    return manifest.preprocessing.crop_height * manifest.preprocessing.crop_width


_opened: dict[str, Any] = {}  # in the process: by the names of their classes


def _open(module: str, kind: str, *arguments: Any) -> None:
    _opened[kind] = getattr(import_module(module), kind)(*arguments)


def _run(kind: str, method: str, *arguments: Any) -> Any:
    return getattr(_opened[kind], method)(*arguments)
