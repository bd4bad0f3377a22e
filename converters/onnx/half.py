"""float16 weights in a float32 graph: runtimes widen them once, when they load the file."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

SMALLEST = 512  # values; below, the bytes saved are less than those of the node that widens them


def halve_weights(model: ModelProto) -> None:
    """Given: float32 weights. Result: float16 ones, each with a Cast to float32; ONNX Runtime folds it at load.

    Weights beyond float16's range stay float32.
    """
    graph = model.graph
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < SMALLEST:
            continue
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if not np.isfinite(halves).all():
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(halves, f"{name}_float16"))
        graph.node.insert(0, helper.make_node("Cast", [weight.name], [name], f"widen_{name}", to=TensorProto.FLOAT))
