"""The project's own executor of ML Programs: what the file means, on any operating system. Not Apple's runtime."""

from __future__ import annotations

import importlib.util
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from reference.manifest import Manifest

from .runtime import DEFAULT_OPTIONS, Layer, NotRun, Options, Runtime, app_answer, app_input, whole_batches


class ProgramRuntime(Runtime):
    """An .mlpackage in validation.mil."""

    name = "ML Program executor (not Apple's)"

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        if importlib.util.find_spec("coremltools") is None:  # whose protobuf classes read the file
            raise NotRun("coremltools is not installed (extra coreml)")

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        self.check_here()
        from ..mil import Program

        self._program = Program(artifact)
        self._manifest, self.batch, self._threads = manifest, manifest.input.batch, options.threads

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime."""
        with self._as_many_threads():
            return app_answer(self._program.predict(app_input(images, self._manifest)), self._manifest)

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside."""
        names = [each.outputs[0].name for each in self._program.function.walk() if each.type == "conv"]
        (images,) = whole_batches([pixels], self.batch)
        with self._as_many_threads():
            values = self._program.values(app_input(images, self._manifest), names)
        return [Layer(name, values[name][0]) for name in names]

    def _as_many_threads(self) -> AbstractContextManager[None]:
        from reference.threads import torch_threads

        return torch_threads(self._threads)
