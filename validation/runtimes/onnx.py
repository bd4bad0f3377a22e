"""ONNX Runtime, the runtime of .onnx files, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from . import DEFAULT_OPTIONS, Layer, NotRun, Options


class ONNXRuntime:
    """An .onnx file in ONNX Runtime."""

    name = "ONNX Runtime"

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        try:
            import onnxruntime  # noqa: F401
        except ImportError as error:
            raise NotRun("onnxruntime is not installed (extra onnx)") from error

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        self._artifact, self._threads = artifact, options.threads
        self._session = self._open(artifact)
        self._input, self._output = manifest.input, manifest.answer.name

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        return self._session.run([self._output], self._feed(pixels))[0][0]

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside; the session is another one, whose graph gives them as outputs."""
        import onnx

        model = onnx.load(self._artifact)
        names = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
        model.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
        )
        values = self._open(model.SerializeToString()).run(names, self._feed(pixels))
        return [Layer(name, value[0]) for name, value in zip(names, values)]

    def _feed(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        return {self._input.name: pixels[None].astype(self._input.dtype)}

    def _open(self, model: Path | bytes) -> Any:
        """ONNX Runtime's session of a file, or of its bytes."""
        self.check_here()
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = self._threads
        # Threads that wait in a busy loop after a run would take the time of whatever runs next.
        settings.add_session_config_entry("session.force_spinning_stop", "1")
        settings.log_severity_level = 3  # errors; its warnings are about its own kernels
        try:
            return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        except Exception as error:  # its classes of errors have no base of their own
            said = str(error).splitlines()[0]
            raise UserError(f"ONNX Runtime cannot load {self._artifact}: {said}") from error
