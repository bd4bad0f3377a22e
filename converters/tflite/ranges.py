"""Ranges of a float .tflite file's activations, measured in LiteRT on calibration images.

Every image counts alike: ai-edge-quantizer's own calibration is a moving average that starts from the first image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from .interpreters import watched

Quantity = dict[str, np.ndarray]  # "min" and "max" of a tensor, in ai-edge-quantizer's form

PERCENTILE = 99.99  # of all values, between the two ends
BINS = 2048  # of a histogram
SAMPLED = 1 << 12  # values of a tensor that enter its histogram, of each image
CANDIDATES = 24  # ends that mse tries on either side
LEVELS = 255
MOVES = ("RESHAPE", "TRANSPOSE")


@dataclass(frozen=True)
class Activation:
    """One tensor's values over all images: a histogram between the smallest and the largest.

    becomes: "silu" or "sigmoid" where that is all that is made of it. multiplies: whether it is, reshaped perhaps, the
    right-hand matrix of a BATCH_MATMUL.
    """

    name: str
    rank: int
    minimum: float
    maximum: float
    counts: np.ndarray
    becomes: str | None = None
    multiplies: bool = False

    @property
    def centres(self) -> np.ndarray:
        edges = np.linspace(self.minimum, self.maximum, BINS + 1)
        return (edges[1:] + edges[:-1]) / 2


def measure(content: bytes, images: Sequence[np.ndarray]) -> list[Activation]:
    """Run a float .tflite file on `images`, each as its input takes it, twice: for the ends, and for histograms."""
    spare = [watched(content), watched(content)]
    weights = weight_tensors(spare[0])
    tensors = [
        detail
        for detail in spare[0].get_tensor_details()
        if detail["dtype"] == np.float32 and detail["name"] and detail["index"] not in weights
    ]
    functions, right = _functions(spare[0]), _right_hand_matrices(spare[0])
    low = np.full(len(tensors), np.inf)
    high = np.full(len(tensors), -np.inf)
    for interpreter in _each_run(spare, images):
        # Nothing may hold a tensor's own memory when its interpreter runs again.
        ends = [(each.min(), each.max()) for each in _in_place(interpreter, tensors)]
        low = np.minimum(low, [each for each, _ in ends])
        high = np.maximum(high, [each for _, each in ends])
    width = np.where(high > low, high - low, 1.0)
    counts = np.zeros((len(tensors), BINS), dtype=np.int64)
    drawn = np.random.default_rng(0)
    for interpreter in _each_run(spare, images):
        for place, values in enumerate(map(np.ravel, _in_place(interpreter, tensors))):
            if values.size > SAMPLED:  # not at even steps, which would see few of the channels
                values = values[drawn.integers(values.size, size=SAMPLED)]
            bins = ((values - low[place]) * (BINS / width[place])).astype(np.int64)
            counts[place] += np.bincount(bins.clip(0, BINS - 1), minlength=BINS)
        del values
    return [
        Activation(
            detail["name"],
            len(detail["shape"]),
            float(low[place]),
            float(high[place]),
            counts[place],
            functions.get(detail["index"]),
            detail["index"] in right,
        )
        for place, detail in enumerate(tensors)
    ]


def choose(activations: Sequence[Activation], method: str) -> dict[str, Quantity]:
    """The range of each tensor, by one of options.RANGE_METHODS.

    minmax: the smallest and the largest value. percentile: what leaves 0.01 % outside. mse: what rounds and clips the
    values with the smallest squared error. auto: the same, but where SiLU or a sigmoid follows, of the error behind it;
    what they map to nearly zero, or one, then costs no levels.
    """
    ends: Mapping[str, Callable[[Activation], tuple[float, float]]] = {
        "minmax": lambda activation: (activation.minimum, activation.maximum),
        "percentile": _percentile,
        "mse": lambda activation: _least_error(activation, _identity),
        "auto": lambda activation: _least_error(activation, _READERS[activation.becomes]),
    }
    chosen = {}
    for activation in activations:
        low, high = ends[method](activation)
        if activation.multiplies:  # XNNPACK multiplies int8 matrices only where the right one's zero point is 0
            high = max(high, -low * 127 / 128)
            low = -high * 128 / 127
        shape = (1,) * activation.rank
        chosen[activation.name] = {
            "min": np.full(shape, low, dtype=np.float32),
            "max": np.full(shape, high, dtype=np.float32),
        }
    return chosen


def weight_tensors(interpreter: Interpreter) -> set[int]:
    """Indices of the tensors that no operation computes, and that are no input."""
    written = {index for node in interpreter._get_ops_details() for index in node["outputs"]}
    inputs = {detail["index"] for detail in interpreter.get_input_details()}
    return {detail["index"] for detail in interpreter.get_tensor_details()} - written - inputs


def _each_run(spare: Sequence[Interpreter], images: Sequence[np.ndarray]) -> Iterator[Interpreter]:
    """The one of two interpreters that has run an image, for each image; the other one runs the next meanwhile."""

    def invoke(number: int) -> Interpreter:
        interpreter = spare[number % 2]
        (feed,) = interpreter.get_input_details()
        interpreter.set_tensor(feed["index"], images[number].astype(feed["dtype"]))
        interpreter.invoke()
        return interpreter

    with ThreadPoolExecutor(1) as other:
        coming = other.submit(invoke, 0)
        for number in range(len(images)):
            interpreter = coming.result()
            if number + 1 < len(images):
                coming = other.submit(invoke, number + 1)
            yield interpreter


def _in_place(interpreter: Interpreter, tensors: Sequence[Mapping]) -> Iterator[np.ndarray]:
    """The tensors' values where the interpreter has them."""
    return (interpreter.tensor(detail["index"])() for detail in tensors)


def _functions(interpreter: Interpreter) -> dict[int, str]:
    """What becomes of tensors x, where that is one function: their only reader is LOGISTIC, or it and a MUL by x."""
    readers: dict[int, list[str]] = {}
    for node in interpreter._get_ops_details():
        if node["op_name"] != "DELEGATE":
            for index in node["inputs"]:
                readers.setdefault(int(index), []).append(node["op_name"])
    known = {("LOGISTIC",): "sigmoid", ("LOGISTIC", "MUL"): "silu"}
    found = {index: known.get(tuple(sorted(names))) for index, names in readers.items()}
    return {index: function for index, function in found.items() if function}


def _right_hand_matrices(interpreter: Interpreter) -> set[int]:
    nodes = [node for node in interpreter._get_ops_details() if node["op_name"] != "DELEGATE"]
    moved = {int(node["outputs"][0]): int(node["inputs"][0]) for node in nodes if node["op_name"] in MOVES}
    found = set()
    for node in nodes:
        index = int(node["inputs"][1]) if node["op_name"] == "BATCH_MATMUL" else None
        while index is not None:
            found.add(index)
            index = moved.get(index)
    return found


def _percentile(activation: Activation) -> tuple[float, float]:
    share = np.cumsum(activation.counts) / activation.counts.sum()
    outside = (1 - PERCENTILE / 100) / 2
    centres = activation.centres
    return float(centres[np.searchsorted(share, outside)]), float(centres[np.searchsorted(share, 1 - outside)])


def _least_error(activation: Activation, reads: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """The ends with the smallest squared error of `reads`(values rounded to 8 bits), by coordinate descent."""
    values, weight = activation.centres, activation.counts
    wanted = reads(values)

    def error(low: float, high: float) -> float:
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / LEVELS or 1.0
        zero = round(-low / scale)
        rounded = (np.clip(np.round(values / scale) + zero, 0, LEVELS) - zero) * scale
        return float((weight * (reads(rounded) - wanted) ** 2).sum())

    low, high = activation.minimum, activation.maximum
    shrink = np.linspace(1, 0.1, CANDIDATES)
    for _ in range(2):
        high = min((activation.maximum * each for each in shrink), key=lambda end: error(low, end))
        low = min((activation.minimum * each for each in shrink), key=lambda end: error(end, high))
    return low, high


def _identity(values: np.ndarray) -> np.ndarray:
    return values


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def _silu(values: np.ndarray) -> np.ndarray:
    return values * _sigmoid(values)


_READERS = {None: _identity, "sigmoid": _sigmoid, "silu": _silu}
