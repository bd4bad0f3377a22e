"""ONNX Runtime, the runtime of .onnx files, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.manifest import Manifest

from .arm import Emulated, check_arm, is_arm, on_arm
from .interpreters import ONNX
from .runtime import DEFAULT_OPTIONS, Layer, NotRun, Options, Runtime, fed, whole_batches, with_batch


class ONNXRuntime(Runtime):
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
        self.check_here()
        self._artifact, self._options = artifact, options
        self._opened = self._try(str(artifact))
        self._input, self._output, self.batch = manifest.input, manifest.answer.name, manifest.input.batch

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime."""
        return with_batch(self._opened.run(self._feed(images), [self._output])[0])

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside; the session is another one, whose graph gives them as outputs."""
        import onnx

        model = onnx.load(self._artifact)
        names = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
        model.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
        )
        (images,) = whole_batches([pixels], self.batch)
        values = self._try(model.SerializeToString()).run(self._feed(images), names)
        return [Layer(name, value[0]) for name, value in zip(names, values)]

    def _feed(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return {self._input.name: fed(images, self._input)}

    def _try(self, model: str | bytes) -> ONNX | Emulated:
        """A file's path or bytes, opened."""
        try:
            return self._open(model, self._options)
        except Exception as error:  # its classes of errors have no base of their own
            said = str(error).splitlines()[0]
            raise UserError(f"ONNX Runtime cannot load {self._artifact}: {said}") from error

    def _open(self, model: str | bytes, options: Options) -> ONNX | Emulated:
        return ONNX(model, options.threads)


class ARMONNXRuntime(ONNXRuntime):
    """The same on ARM, emulated where this machine is none."""

    name = "ONNX Runtime on ARM"
    confined = is_arm()  # else it is emulated, in a process of its own

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        check_arm(ONNXRuntime)

    def _open(self, model: str | bytes, options: Options) -> ONNX | Emulated:
        return on_arm(ONNX, options.arm_processor, model, options.threads)
