"""LiteRT's interpreter in three forms: as phones run a file, as the file is written, and with every tensor in view."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def running(content: bytes) -> Interpreter:
    """As phones run it: one thread, XNNPACK."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def as_written(content: bytes) -> Interpreter:
    """Each operation of the file by itself, none of them delegated."""
    return Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )


def watched(content: bytes) -> Interpreter:
    """An interpreter whose every tensor can be read after a run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this is for debugging
        interpreter = Interpreter(model_content=content, num_threads=1, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    return interpreter


def to_stored(values: np.ndarray, detail: Mapping[str, Any]) -> np.ndarray:
    """Real values in the type of a tensor that LiteRT describes by `detail`."""
    scale, zero_point = detail["quantization"]
    return (np.rint(values / scale) + zero_point if scale else values).astype(detail["dtype"])


def from_stored(values: np.ndarray, detail: Mapping[str, Any]) -> np.ndarray:
    """The real values of such a tensor."""
    scale, zero_point = detail["quantization"]
    return (values.astype(np.float32) - zero_point) * scale if scale else values
