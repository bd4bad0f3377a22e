"""Names of tensors: as the network's modules are called, without what the converters put around that.

TensorFlow's converter names a tensor after all operations that it made it from, each with the whole path. In a file of
one megabyte that is a tenth.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from ..anatomy import BACKBONE, ENCODER
from .flatbuffer import pack, unpack

AGAIN = re.compile(r"_1(?=/)")  # TensorFlow's mark of a scope's second use: a layer's weights were made in the first
HEAD = "segmentation"  # what Keras's twin calls a segmenter
WRAPPERS = re.compile(rf"^({HEAD}/)?({BACKBONE}/)?({ENCODER}/)?")  # modules that tell nothing apart


def shorten(content: bytes) -> bytes:
    """A .tflite file with short names."""
    model = unpack(content)
    for graph in model.subgraphs:
        shorten_graph(graph)
    return pack(model)


def shorten_graph(graph: Any) -> None:
    """Given: "body_1/layer.2_1/dense_1/add;body_1/...". Result: "layer.2/dense/add".

    Args:
        graph: a sub-graph in the object form of TFLite's schema. Names stay different from each other, and those of
            inputs and outputs as they are.
    """
    ends = {*graph.inputs, *graph.outputs}
    inner = [tensor for index, tensor in enumerate(graph.tensors) if index not in ends]
    names = [tensor.name.decode().split(";")[0] for tensor in inner]
    prefix = _common_folder([name for name in names if "/" in name])
    taken = {graph.tensors[index].name.decode() for index in ends}
    for tensor, name in zip(inner, names):
        short = unique = WRAPPERS.sub("", AGAIN.sub("", name.removeprefix(prefix)))
        count = 1
        while unique in taken:
            count += 1
            unique = f"{short}_{count}"
        taken.add(unique)
        tensor.name = unique.encode()


def _common_folder(names: Sequence[str]) -> str:
    """The folders that all paths begin with, "a/b/"; empty where there is none."""
    folder, slash, _ = os.path.commonprefix(names).rpartition("/")
    return folder + slash
