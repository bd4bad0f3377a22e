"""ONNX Runtime, the runtime of .onnx files, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from . import DEFAULT_OPTIONS, NotRun, Options


class ONNXRuntime:
    """An .onnx file in ONNX Runtime."""

    name = "ONNX Runtime"

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise NotRun("onnxruntime is not installed (extra onnx)") from error
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        # Threads that wait in a busy loop after a run would take the time of whatever runs next.
        settings.add_session_config_entry("session.force_spinning_stop", "1")
        settings.log_severity_level = 3  # errors; its warnings are about its own kernels
        try:
            self._session = onnxruntime.InferenceSession(artifact, settings, providers=["CPUExecutionProvider"])
        except Exception as error:  # its classes of errors have no base of their own
            raise UserError(f"ONNX Runtime cannot load {artifact}: {str(error).splitlines()[0]}") from error
        self._input, self._output = manifest.input, manifest.answer.name

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        tensor = pixels[None].astype(self._input.dtype)
        return self._session.run([self._output], {self._input.name: tensor})[0][0]
