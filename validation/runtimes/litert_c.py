"""LiteRT's CompiledModel by the C interface of the library in its wheel: the Python one has no profile.

Functions are named and typed as in litert/c of LiteRT's sources. A wrong call ends the process: see `apart`.
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t, c_void_p
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .runtime import NotRun

CPU, WRITE = 1, 1  # kLiteRtHwAcceleratorCpu, kLiteRtTensorBufferLockModeWrite
TENSOR_TYPE = 128  # bytes for a LiteRtRankedTensorType, which has some 80
RELEASE = ctypes.CFUNCTYPE(None, c_void_p)


@RELEASE
def _nothing(payload: int | None) -> None:
    """What LiteRT calls when it needs an option no more: Python frees it."""


class ProfiledModel:
    """A .tflite file of one input and one signature, on the CPU with XNNPACK.

    Raises (each method too):
        NotRun: where the wheel has no such library.
        RuntimeError: for what the library refuses.
    """

    def __init__(self, file: str, threads: int) -> None:
        self._library = ctypes.CDLL(str(library()))
        self._options: list[Any] = []  # the library holds pointers to them
        environment, options = self._new("CreateEnvironment", 0, None), self._new("CreateOptions")
        model = self._new("CreateModelFromFile", environment, file.encode())
        self._call("SetOptionsHardwareAccelerators", options, CPU)
        for name, text in (
            ("runtime_options_string", "enable_profiling = true\n"),
            ("xnnpack", f"num_threads = {threads}\n"),
        ):
            self._options.append(ctypes.create_string_buffer(text.encode()))
            option = self._new("CreateOpaqueOptions", name.encode(), self._options[-1], _nothing)
            self._call("AddOpaqueOptions", options, option)
        self._model = self._new("CreateCompiledModel", environment, model, options)
        self._profiler = self._new("CompiledModelGetProfiler", self._model)
        signature = self._new("GetModelSignature", model, c_size_t(0))
        self._inputs, self._outputs = (self._buffers(environment, signature, end) for end in ("Input", "Output"))

    def feed(self, values: np.ndarray) -> None:
        """What every run takes, in the input's own shape and type."""
        (buffer,), address = self._inputs, c_void_p()
        values = np.ascontiguousarray(values)
        self._call("LockTensorBuffer", c_void_p(buffer), byref(address), WRITE)
        ctypes.memmove(address, values.ctypes.data, values.nbytes)
        self._call("UnlockTensorBuffer", c_void_p(buffer))

    def run(self) -> None:
        """One inference."""
        ends = (each for buffers in (self._inputs, self._outputs) for each in (c_size_t(len(buffers)), buffers))
        self._call("RunCompiledModel", self._model, c_size_t(0), *ends)

    def start(self) -> None:
        """Begin to profile."""
        self._call("StartProfiler", self._profiler)

    def summary(self) -> str:
        """LiteRT's own tables of all runs since `start`, as text."""
        self._call("StopProfiler", self._profiler)
        text = self._new("GetProfileSummary", self._profiler, self._model)
        return ctypes.string_at(text).decode() if text else ""

    def _buffers(self, environment: c_void_p, signature: c_void_p, end: str) -> Any:
        count = c_size_t()
        self._call(f"GetNumSignature{end}s", signature, byref(count))
        buffers = (c_void_p * count.value)()
        for place in range(count.value):
            tensor = self._new(f"GetSignature{end}TensorByIndex", signature, c_size_t(place))
            needs = self._new(f"GetCompiledModel{end}BufferRequirements", self._model, c_size_t(0), c_size_t(place))
            described = ctypes.create_string_buffer(TENSOR_TYPE)
            self._call("GetRankedTensorType", tensor, described)
            buffers[place] = self._new("CreateManagedTensorBufferFromRequirements", environment, described, needs).value
        return buffers

    def _new(self, name: str, *arguments: Any) -> c_void_p:
        """What a function writes behind its last pointer. It lives as long as the process, which is the file's own."""
        made = c_void_p()
        self._call(name, *arguments, byref(made))
        return made

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, f"LiteRt{name}")(*arguments)
        if status:
            raise RuntimeError(f"LiteRt{name} returned {status}")


def library() -> Path:
    """LiteRT's shared library; NotRun where the wheel has none."""
    package = find_spec("ai_edge_litert")
    if package is None:
        raise NotRun("ai-edge-litert is not installed (extra tflite)")
    for folder in package.submodule_search_locations or ():
        for name in ("libLiteRt.so", "libLiteRt.dylib"):
            if (found := Path(folder, name)).exists():
                return found
    raise NotRun("ai-edge-litert has no library with LiteRT's C interface here")
