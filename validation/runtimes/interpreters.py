"""Files opened in the runtimes that execute them: arrays by name in, arrays out.

Nothing of the kit is imported here, so that a Python which has no more than NumPy and a runtime can take this file as a
script: it then answers calls that come through its standard input, a socket. See `arm`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

Feed = Mapping[str, np.ndarray]


class LiteRT:
    """A .tflite file in LiteRT's interpreter, on the CPU.

    Args:
        kernels: a name in LiteRT's OpResolverType.

    Raises:
        ImportError: where there is no LiteRT.
        ValueError, RuntimeError: where it cannot load the file.
    """

    def __init__(self, file: str, threads: int, kernels: str) -> None:
        self._file, self._threads = file, threads
        self._serve = litert_interpreter(file, threads, kernels).get_signature_runner()

    def run(self, feed: Feed) -> dict[str, np.ndarray]:
        """The outputs by name."""
        return self._serve(**feed)

    def convolutions(self, feed: Feed) -> list[tuple[str, np.ndarray]]:
        """Name and result [C, H, W] of each convolution, quantised ones as the numbers they stand for."""
        interpreter = litert_interpreter(self._file, self._threads, "BUILTIN_WITHOUT_DEFAULT_DELEGATES", keep=True)
        interpreter.get_signature_runner()(**feed)
        tensors = {each["index"]: each for each in interpreter.get_tensor_details()}
        outputs = [each["outputs"][0] for each in interpreter._get_ops_details() if "CONV_2D" in each["op_name"]]
        return [(tensors[index]["name"], _map(interpreter, tensors[index])) for index in outputs]


class ONNX:
    """An .onnx file in ONNX Runtime, on the CPU.

    Args:
        model: the file's path, or its bytes.

    Raises:
        ImportError: where there is no ONNX Runtime.
        Exception: where it cannot load the file; its classes of errors have no base of their own.
    """

    def __init__(self, model: str | bytes, threads: int) -> None:
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        # Threads that wait in a busy loop after a run would take the time of whatever runs next.
        settings.add_session_config_entry("session.force_spinning_stop", "1")
        settings.log_severity_level = 3  # errors; its warnings are about its own kernels
        self._session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])

    def run(self, feed: Feed, outputs: Sequence[str]) -> list[np.ndarray]:
        """The outputs asked for."""
        return self._session.run(outputs, feed)


def litert_interpreter(file: str, threads: int, kernels: str, *, keep: bool = False) -> Any:
    """LiteRT's interpreter of a file; `keep`: of all tensors, which only kernels without a delegate do."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        file,
        num_threads=threads,
        experimental_op_resolver_type=OpResolverType[kernels],
        experimental_preserve_all_tensors=keep,
    )
    interpreter.allocate_tensors()
    return interpreter


def dequantized(integers: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """The numbers that a tensor's integers stand for, float32."""
    return (integers.astype(np.float32) - zero_point) * np.float32(scale)


def serve(calls: Connection) -> None:
    """Answer calls until the other end closes.

    A call is a name with its arguments: first that of a class above, then those of its methods. An answer is True with
    what the call returned, or False with what went wrong, in a line.
    """
    opened: Any = None
    while True:
        try:
            name, *arguments = calls.recv()
        except EOFError:
            return
        try:
            if opened is None:
                opened, result = globals()[name](*arguments), None
            else:
                result = getattr(opened, name)(*arguments)
        except Exception as error:
            calls.send((False, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"))
        else:
            calls.send((True, result))


def _map(interpreter: Any, tensor: Any) -> np.ndarray:
    """[1, H, W, C], quantised or not -> float [C, H, W]."""
    value, (scale, zero_point) = interpreter.get_tensor(tensor["index"])[0], tensor["quantization"]
    return np.moveaxis(dequantized(value, scale, zero_point) if scale else value, -1, 0)


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose other files would stand for the packages whose names they share
    serve(Connection(0))
