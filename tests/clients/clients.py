"""Other people's runtimes of the same files, each in a process of its own, as some crash. The harness feeds them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from reference.confined import GIB, Confined
from validation.artifact import Artifact
from validation.runtimes.interpreters import litert_interpreter
from validation.runtimes.litert import LiteRTRuntime
from validation.runtimes.onnx import ONNXRuntime
from validation.runtimes.runtime import Options, Runtime

Feed = Mapping[str, np.ndarray]
SECONDS = 200.0  # of processor time; in reference kernels an image takes up to two


class OpenVINO:
    """Results by the names of tensors. float32 as the bounds have it: some processors would compute in bfloat16."""

    settings: ClassVar = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}

    def __init__(self, file: str, outputs: Sequence[str]) -> None:
        from openvino import Core

        self._run, self._outputs = Core().compile_model(file, "CPU", self.settings), outputs

    def run(self, feed: Feed) -> list[np.ndarray]:
        found = self._run([*feed.values()])
        return [np.array(found[name]) for name in self._outputs]


class FloatOpenVINO(OpenVINO):
    """The same without its kernels for integers, which on a processor without 8-bit dot products lose more."""

    settings: ClassVar = OpenVINO.settings | {"LP_TRANSFORMS_MODE": "NO"}


class MNN:
    """Its own converter, then its runtime. Not its command mnnconvert, which installs packages and reports its use."""

    def __init__(self, file: str, outputs: Sequence[str]) -> None:
        import _tools
        from MNN import expr, nn

        kind = {".tflite": "TFLITE", ".onnx": "ONNX"}[Path(file).suffix]
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "converted.mnn")
            _tools.mnnconvert(["", "-f", kind, "--modelFile", file, "--MNNModel", str(made), "--bizCode", "test"])
            if not made.exists():
                raise ValueError("its converter refuses the file")
            inputs = [name for name, each in expr.load_as_dict(str(made)).items() if each.op_type == "Input"]
            self._net = nn.load_module_from_file(str(made), inputs, [*outputs], precision_mode=expr.PrecisionMode.High)
        self._axes = {"TFLITE": expr.data_format.NHWC, "ONNX": expr.data_format.NCHW}[kind]  # as the file has them

    def run(self, feed: Feed) -> list[np.ndarray]:
        from MNN import expr, numpy

        (values,) = feed.values()
        variable = expr.const(values.astype(np.float32), [*values.shape], self._axes, numpy.float32)
        results = self._net.onForward([variable])
        if not results:
            raise ValueError("it gives no results")
        return [np.array(each.read()) for each in results]


class Micro:
    """tflite-micro: results by their places. It has LiteRT's operators for microcontrollers."""

    def __init__(self, file: str, outputs: Sequence[int]) -> None:
        from tflite_micro import runtime

        self._interpreter, self._outputs = runtime.Interpreter.from_file(file, arena_size=GIB // 4), outputs

    def run(self, feed: Feed) -> list[np.ndarray]:
        (values,) = feed.values()
        self._interpreter.set_input(values, 0)
        self._interpreter.invoke()
        return [self._interpreter.get_output(place) for place in self._outputs]


class ORT:
    """ONNX Runtime, which may change the graph or not."""

    level = "ORT_ENABLE_ALL"

    def __init__(self, file: str, outputs: Sequence[str]) -> None:
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        settings.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, self.level)
        self._session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
        self._outputs = outputs

    def run(self, feed: Feed) -> list[np.ndarray]:
        return self._session.run([*self._outputs], feed)


class PlainORT(ORT):
    level = "ORT_DISABLE_ALL"


CLIENTS = {
    "OpenVINO": OpenVINO, "OpenVINO, integers in float": FloatOpenVINO, "MNN": MNN, "tflite-micro": Micro,
    "ONNX Runtime": ORT, "ONNX Runtime, not optimised": PlainORT,
}  # fmt: skip
NEEDS = {
    "OpenVINO": "openvino",
    "OpenVINO, integers in float": "openvino",
    "MNN": "MNN",
    "tflite-micro": "tflite_micro",
}  # modules; see the extra clients


class _Apart:
    """A client opened in a process: what the harness's classes hold for an opened file."""

    def __init__(self, client: str, file: str, outputs: Mapping[str, Any]) -> None:
        self._names, self._process = [*outputs], Confined(bytes=4 * GIB)
        self._process.call(_open, client, file, [*outputs.values()], seconds=SECONDS)

    def run(self, feed: Feed, names: Sequence[str] | None = None) -> Any:
        found = dict(zip(self._names, self._process.call(_run, feed, seconds=SECONDS)))
        return found if names is None else [found[name] for name in names]


def loaded(client: str, artifact: Artifact) -> Runtime:
    """An artifact in that client, fed and read as the harness does it with its own runtimes.

    Raises:
        UserError: where the client cannot load the file, or crashes over it.
    """
    base = LiteRTRuntime if artifact.path.suffix == ".tflite" else ONNXRuntime

    class Foreign(base):
        def _open(self, file: str, options: Options) -> Any:
            return _Apart(client, file, _outputs(client, artifact))

    return Foreign(artifact.path, artifact.manifest)


def _outputs(client: str, artifact: Artifact) -> dict[str, Any]:
    """The manifest's names of outputs -> what the client calls them."""
    names = [each.name for each in artifact.manifest.outputs]
    if artifact.path.suffix == ".onnx":
        return {name: name for name in names}
    interpreter = litert_interpreter(str(artifact.path), 1, "BUILTIN_WITHOUT_DEFAULT_DELEGATES")
    places = [each["index"] for each in interpreter.get_output_details()]
    details = interpreter.get_signature_runner().get_output_details()
    by_place = client == "tflite-micro"
    return {name: places.index(details[name]["index"]) if by_place else details[name]["name"] for name in names}


_opened: Any = None  # in the process


def _open(client: str, *arguments: Any) -> None:
    global _opened
    _opened = CLIENTS[client](*arguments)


def _run(feed: Feed) -> list[np.ndarray]:
    return _opened.run(feed)
