"""What accelerators make of a file: in how many parts they take it, and what they leave to the CPU, by whose word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..graphs import Graph

PROVIDERS = ("CoreML execution provider", "NNAPI execution provider")
NEURAL_ENGINE, GPU_DELEGATE = "Neural Engine", "TFLite GPU delegate"
MAX_RANK = 5

TYPED_EXECUTION = "coremltools guide, Typed Execution"
RANKS = "coremltools: Core ML only supports tensor rank <= 5"
RANGES = "Apple, developer.apple.com/forums/thread/724930"
CAPABILITIES = "ane-guide.readthedocs.io, Capability surface (not Apple's)"
COMPATIBILITY = "TensorFlow, lite/tools/versioning/gpu_compatibility.cc, by kind of operation alone"
USABILITY = "ONNX Runtime's mobile usability checker, by kind of operation alone"

# Kinds of ML Program operations without a path on the Neural Engine, according to CAPABILITIES.
NOT_ON_NEURAL_ENGINE = re.compile("lstm|gru|rnn|reduce_prod|scatter.*")

# Kinds that the TFLite GPU delegate may take according to COMPATIBILITY. TensorFlow's analyzer would know more of them,
# but its check says yes to everything in the published builds, to custom operations too (2.21 and LiteRT 2.3).
ON_GPU_DELEGATE = frozenset(
    """
    ABS ADD ADD_N ATAN2 AVERAGE_POOL_2D BATCH_MATMUL CAST CEIL CONCATENATION CONV_2D COS CUMSUM DENSIFY
    DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP FLOOR
    FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GELU GREATER GREATER_EQUAL HARD_SWISH LEAKY_RELU LESS LESS_EQUAL LOG
    LOGICAL_AND LOGISTIC LSTM MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL ONE_HOT PACK PAD PADV2
    POW PRELU QUANTIZE REDUCE_MAX REDUCE_MIN REDUCE_PROD RELU RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR RSQRT SELECT SELECT_V2 SIGN SIN SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE
    SQUARED_DIFFERENCE STABLEHLO_CLAMP STRIDED_SLICE SUB SUM TANH TILE TRANSPOSE TRANSPOSE_CONV
    """.split()  # noqa: SIM905 - a list would take a line for each
) | {
    f"CUSTOM {name}" for name in ("Convolution2DTransposeBias", "MaxPoolingWithArgmax2D", "MaxUnpooling2D", "Resampler")
}


@dataclass(frozen=True)
class Partitions:
    """In how many parts an accelerator takes the graph.

    count: null where that could not be found out; operations: how many lie in the parts, null where that is not told;
    source: whose word it is, or why there is none.
    """

    accelerator: str
    count: int | None
    operations: int | None
    source: str


@dataclass(frozen=True)
class Obstacle:
    """What keeps operations off an accelerator: why, how many of them, and whose word it is."""

    accelerator: str
    reason: str
    operations: int
    source: str


def partitions(artifact: Path, format: str) -> list[Partitions]:
    """See Partitions; for the accelerators that a format has. Those that are not here say NOT RUN."""
    if format == "tflite":
        return [_xnnpack(artifact)]
    if format == "onnx":
        return [_provider(name, found) for name, found in _usability(artifact).items()]
    planner = "Core AI" if format == "aimodel" else "Core ML"
    return [Partitions(planner, None, None, f"NOT RUN: {planner} plans on the device")]


def obstacles(artifact: Path, graph: Graph, computes: Counter[str]) -> list[Obstacle]:
    """See Obstacle; computes: operations by type, of structure.computes. What is not known to hinder is not said."""
    if graph.format == "tflite":
        return _gpu_delegate(graph)
    if graph.format == "onnx":
        return _providers(artifact)
    found = []
    if computes["float32"]:
        found.append(
            Obstacle(NEURAL_ENGINE, "computes in float32, it in float16 only", computes["float32"], TYPED_EXECUTION)
        )
    beyond = [node for node in graph.nodes if any(_rank(graph, name) > MAX_RANK for name in node.outputs)]
    if beyond:
        found.append(Obstacle(NEURAL_ENGINE, f"more than {MAX_RANK} dimensions", len(beyond), RANKS))
    for name, how in graph.flexible.items():
        if how == "range":
            reason = f"input {name} takes a range of shapes: only the default one runs there"
            found.append(Obstacle(NEURAL_ENGINE, reason, len(graph.nodes), RANGES))
    kinds = Counter(node.kind for node in graph.nodes if NOT_ON_NEURAL_ENGINE.fullmatch(node.kind))
    return found + [Obstacle(NEURAL_ENGINE, f"{kind} does not run there", n, CAPABILITIES) for kind, n in kinds.items()]


def _rank(graph: Graph, name: str) -> int:
    shape = graph.values[name].shape
    return 0 if shape is None else len(shape)


def _xnnpack(artifact: Path) -> Partitions:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return Partitions("XNNPACK", None, None, "NOT RUN: ai-edge-litert is not installed (extra tflite)")
    try:
        interpreter = Interpreter(str(artifact), num_threads=1)
        interpreter.allocate_tensors()
        kinds = [each["op_name"] for each in interpreter._get_ops_details()]
    except (ValueError, RuntimeError) as error:  # for example operations of others
        return Partitions("XNNPACK", None, None, f"NOT RUN: LiteRT cannot load it: {str(error).splitlines()[0]}")
    return Partitions("XNNPACK", kinds.count("DELEGATE"), None, "LiteRT on this CPU")


def _gpu_delegate(graph: Graph) -> list[Obstacle]:
    kinds = Counter(node.kind for node in graph.nodes if node.kind not in ON_GPU_DELEGATE)
    return [Obstacle(GPU_DELEGATE, f"does not know {kind}", count, COMPATIBILITY) for kind, count in kinds.items()]


def _usability(artifact: Path) -> dict[str, Any]:
    """ONNX Runtime's own checks: name of the execution provider -> PartitioningInfo, or in words why there is none."""
    try:
        from onnxruntime.tools.mobile_helpers import usability_checker as checker
    except ImportError:
        return dict.fromkeys(PROVIDERS, "onnxruntime is not installed (extra onnx)")
    from ..graphs.onnx import load

    checks: tuple[Callable[[Any], Any], ...] = (
        lambda model: checker.check_coreml_partitions(model, True, "coreml_supported_mlprogram_ops.md"),
        lambda model: checker.check_nnapi_partitions(model, True),
    )
    model = load(artifact)
    try:
        return {name: check(model) for name, check in zip(PROVIDERS, checks)}
    except Exception as error:  # its parts stumble over valid files, for example a Transpose without perm
        return dict.fromkeys(PROVIDERS, f"ONNX Runtime's checker stumbles over the file: {error}")


def _provider(name: str, found: Any) -> Partitions:
    if isinstance(found, str):
        return Partitions(name, None, None, f"NOT RUN: {found}")
    return Partitions(name, found.num_partitions, found.num_supported_nodes, USABILITY)


def _providers(artifact: Path) -> list[Obstacle]:
    found = []
    for name, info in _usability(artifact).items():
        if isinstance(info, str):
            continue
        if info.nodes_unsupported_due_to_op:
            kinds = ", ".join(sorted(kind.removeprefix("ai.onnx:") for kind in info.unsupported_ops))
            found.append(Obstacle(name, f"does not know {kinds}", info.nodes_unsupported_due_to_op, USABILITY))
        if info.num_unsupported_nodes_due_to_rank:
            reason = f"more than {MAX_RANK} dimensions"
            found.append(Obstacle(name, reason, info.num_unsupported_nodes_due_to_rank, USABILITY))
        if info.nodes_unsupported_due_to_dynamic_input:
            found.append(Obstacle(name, "open shapes", info.nodes_unsupported_due_to_dynamic_input, USABILITY))
    return found
