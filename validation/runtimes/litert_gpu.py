"""LiteRT's GPU accelerator, which its wheel brings for WebGPU: on Linux that is Vulkan, a GPU's or in software."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Mapping
from ctypes import byref, c_uint32, c_void_p
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .litert import TFLiteRuntime
from .runtime import NotRun, Options

_INSTANCE = 1  # VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO


class GPULiteRTRuntime(TFLiteRuntime):
    """A .tflite file in LiteRT's CompiledModel, on the GPU alone, in float32.

    A GPU that can halves its numbers unless told otherwise; what that costs depends on the GPU.
    """

    name = "LiteRT on a GPU"

    @staticmethod
    def check_here() -> None:
        """See Runtime. Whether there is a GPU, or software that stands for one, is found out in the file's process."""
        TFLiteRuntime.check_here()
        package = find_spec("ai_edge_litert")
        folders = (package and package.submodule_search_locations) or ()
        if not any(found for folder in folders for found in Path(folder).glob("*LiteRtWebGpuAccelerator.*")):
            raise NotRun("ai-edge-litert has no WebGPU accelerator for this system")

    def _open(self, file: str, options: Options) -> _Compiled:
        if platform.system() == "Linux":
            _check_vulkan()
        return _Compiled(file)


class _Compiled:
    """The file's signature, with buffers that are made once."""

    def __init__(self, file: str) -> None:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.options import GpuOptions, HardwareAccelerator
        from ai_edge_litert.options import Options as Settings

        settings = Settings(HardwareAccelerator.GPU, gpu_options=GpuOptions(enforce_f32=True))
        self._model = model = CompiledModel.from_file(file, options=settings)
        if not model.is_fully_accelerated():
            raise NotRun("the GPU leaves operations of this file to the CPU")
        (self._key,) = model.get_signature_list()
        self._results = model.get_output_tensor_details(self._key)
        inputs = model.get_input_tensor_details(self._key)
        self._inputs = {name: model.create_input_buffer_by_name(self._key, name) for name in inputs}
        self._outputs = {name: model.create_output_buffer_by_name(self._key, name) for name in self._results}

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by name."""
        for name, values in feed.items():
            self._inputs[name].write(values)
        self._model.run_by_name(self._key, self._inputs, self._outputs)
        return {
            name: buffer.read(
                int(np.prod(self._results[name]["shape"])), np.dtype(self._results[name]["dtype"]).type
            ).reshape(self._results[name]["shape"])
            for name, buffer in self._outputs.items()
        }


class _InstanceInfo(ctypes.Structure):
    """VkInstanceCreateInfo, of which nothing but the kind need be said."""

    _fields_ = [
        ("kind", c_uint32), ("next", c_void_p), ("flags", c_uint32), ("application", c_void_p),
        ("layers", c_uint32), ("layer_names", c_void_p), ("extensions", c_uint32), ("extension_names", c_void_p),
    ]  # fmt: skip


def _check_vulkan() -> None:
    """NotRun where Vulkan finds no device: LiteRT's own error would not tell that from a file it cannot take."""
    try:
        vulkan = ctypes.CDLL("libvulkan.so.1")
    except OSError as error:
        raise NotRun("there is no Vulkan here (libvulkan.so.1)") from error
    instance, devices = c_void_p(), c_uint32()
    if vulkan.vkCreateInstance(byref(_InstanceInfo(_INSTANCE)), None, byref(instance)):
        raise NotRun("Vulkan has no driver here: VK_DRIVER_FILES can name one")
    vulkan.vkEnumeratePhysicalDevices(instance, byref(devices), None)
    vulkan.vkDestroyInstance(instance, None)
    if not devices.value:
        raise NotRun("Vulkan finds no device here")
