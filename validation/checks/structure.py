"""What artifacts consist of: operations, what they compute with, weights, and what keeps accelerators off.

Nothing runs, and files need no manifest: `python -m validation structure`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from reference.confined import Misbehaved
from reference.errors import UserError
from reference.manifest import size_in_bytes

from ..artifact import Broken, File, Given, files
from ..graphs import Graph, Node, Value, Weights, read
from ..runtimes import each_apart, reading_seconds
from .accelerators import Obstacle, Partitions, obstacles, partitions
from .ethos_u import ethos_u
from .work import Work, work

TRANSPOSES = ("transpose",)
RESHAPES = ("reshape", "squeeze", "unsqueeze", "expand_dims", "flatten")
QUANTIZE = ("quantize", "quantizelinear")
DEQUANTIZE = ("dequantize", "dequantizelinear")
CONVERSIONS = (*QUANTIZE, *DEQUANTIZE, "cast", "dynamicquantizelinear")
FLOATS = ("float", "bfloat")
SMALL_INTEGERS = ("int8", "uint8", "int4", "uint4", "int2")


@dataclass(frozen=True)
class Structure:
    """An artifact's structure.

    artifact: its label; operations: how often each kind stands in the file, constants aside; computes: how often
    operations take what, see `computes`; rank: the largest number of dimensions of any value; bytes: of the whole file
    or package.
    """

    artifact: str
    format: str
    bytes: int
    operations: dict[str, int]
    transposes: int
    reshapes: int
    computes: dict[str, int]
    rank: int
    weights: list[Weights]
    partitions: list[Partitions]
    obstacles: list[Obstacle]
    work: Work | None


def structure(artifacts: Iterable[Given], *, npus: Sequence[str] = ()) -> list[Structure]:
    """Look into each artifact.

    Args:
        npus: see ethos_u; for which to compile .tflite files too, which takes a quarter of a minute each.

    Raises:
        UserError: for a file that is missing, broken or of another kind, or whose library is not installed.
    """
    found = structures(artifacts, npus=npus)
    for each in found:
        if isinstance(each, Broken):
            raise UserError(each.reason)
    return [each for each in found if isinstance(each, Structure)]


def structures(artifacts: Iterable[Given], *, npus: Sequence[str] = ()) -> list[Structure | Broken]:
    """See structure; Broken for a file that takes the process it is read in with it."""
    found: list[Structure | Broken] = []
    for file, process in each_apart(files(artifacts)):
        try:
            looked = process.call(_structure, file, seconds=reading_seconds(file.path))
            compiled = [ethos_u(file.path, npu, process) for npu in npus] if looked.format == "tflite" else []
            left = chain.from_iterable(obstacles for _, obstacles in compiled)
            found.append(
                replace(
                    looked,
                    partitions=[*looked.partitions, *(taken for taken, _ in compiled)],
                    obstacles=[*looked.obstacles, *left],
                )
            )
        except Misbehaved as error:
            found.append(Broken(file.path, file.label, f"{file.label}: what reads it {error}"))
    return found


def _structure(file: File) -> Structure:
    graph = read(file.path)
    kinds = Counter(node.kind for node in graph.nodes)
    types = _types(graph)
    by_type = Counter(types)
    return Structure(
        file.label,
        graph.format,
        size_in_bytes(file.path),
        dict(kinds.most_common()),
        sum(count for kind, count in kinds.items() if kind.lower() in TRANSPOSES),
        sum(count for kind, count in kinds.items() if kind.lower() in RESHAPES),
        dict(by_type.most_common()),
        max((len(value.shape) for value in graph.values.values() if value.shape is not None), default=0),
        graph.weights,
        partitions(file.path, graph.format),
        obstacles(file.path, graph, by_type),
        work(graph, types) if graph.format == "tflite" else None,
    )


def computes(graph: Graph) -> Counter[str]:
    """How many operations compute with what.

    "conversion": quantize, dequantize, casts and the decompression of weights. Any other operation counts by the type
    of the first value that it takes and that is no constant: "float32"; "float32 by int8" with integer weights, which
    LiteRT multiplies in integers, rounding the floats as it goes; "int8" also between dequantize and quantize, which
    is how ONNX and Core ML write an operation on integers.
    """
    return Counter(_types(graph))


def _types(graph: Graph) -> list[str]:
    """What each operation computes with."""
    maker = {name: node for node in graph.nodes for name in node.outputs}
    takers: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            takers.setdefault(name, []).append(node)
    return [_computes_with(node, graph, maker, takers) for node in graph.nodes]


def _computes_with(node: Node, graph: Graph, maker: dict[str, Node], takers: dict[str, list[Node]]) -> str:
    if _is(node, CONVERSIONS) or node.kind.startswith("constexpr_"):
        return "conversion"
    variable = [name for name in node.inputs if not graph.values.get(name, _UNKNOWN).constant]
    data = next(iter([*variable, *node.outputs]), "")
    if graph.format != "tflite" and variable:
        results = [taker for name in node.outputs for taker in takers.get(name, [])]
        source = maker.get(data)
        if source is not None and _is(source, DEQUANTIZE) and results and all(_is(each, QUANTIZE) for each in results):
            return graph.values.get(source.inputs[0], _UNKNOWN).dtype
    dtype = graph.values.get(data, _UNKNOWN).dtype
    weights = {graph.values[name].dtype for name in node.inputs if name in graph.values and name not in variable}
    small = sorted(weights.intersection(SMALL_INTEGERS))
    return f"{dtype} by {small[0]}" if small and dtype.startswith(FLOATS) else dtype


_UNKNOWN = Value("unknown", None)


def _is(node: Node, kinds: tuple[str, ...]) -> bool:
    return node.kind.lower() in kinds
