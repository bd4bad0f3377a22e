"""A .tflite file as objects of its schema, and back."""

from __future__ import annotations

import numpy as np
from ai_edge_litert.schema_py_generated import ModelT
from ai_edge_litert.tools import flatbuffer_utils


def unpack(content: bytes) -> ModelT:
    """The file's tables, to be changed in place."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    for buffer in model.buffers:
        if buffer.data is not None:
            buffer.data = np.frombuffer(buffer.data, np.uint8)  # anything else is packed byte by byte, in seconds
    return model


def pack(model: ModelT) -> bytes:
    """The bytes of a .tflite file."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
