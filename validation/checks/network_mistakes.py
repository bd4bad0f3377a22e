"""Mistakes that are made between the input and the answer, imitated as those before it are: see mistakes.py."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from reference.checkpoints import Checkpoint
from reference.tensor_specs import Meaning
from reference.transformer import SelfAttention

from .metrics import sigmoid, softmax

KERAS_EPSILON = 1e-3  # of its normalizations, where nothing is said


@dataclass(frozen=True)
class NetworkMistake:
    """A network built otherwise: what is changed, in place."""

    says: str
    change: Callable[[nn.Module], object]

    def made(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint with the mistake; the one that is given keeps its own network."""
        model = copy.deepcopy(checkpoint.model)
        self.change(model)
        return dataclasses.replace(checkpoint, model=model)


@dataclass(frozen=True)
class OutputMistake:
    """A wrong way from the network to the answer: what becomes of the right logits [classes], or of a right map.

    meanings: of the answers that it can be made with; bounded_as: whose bounds the wrong ones have, None: the same.
    """

    says: str
    meanings: tuple[Meaning, ...]
    answer: Callable[[np.ndarray], np.ndarray]
    bounded_as: Meaning | None = None


def _pad_at_the_end(model: nn.Module) -> None:
    """TensorFlow's SAME padding, which puts what is odd after the map; PyTorch pads both ends alike."""
    for each in model.modules():
        if isinstance(each, nn.Conv2d) and each.stride[0] > 1 and each.kernel_size[0] > 1:
            each.register_forward_pre_hook(_padded)
            each.padding = (0, 0)


def _padded(convolution: nn.Module, given: tuple[Tensor]) -> Tensor:
    assert isinstance(convolution, nn.Conv2d)
    ends: list[int] = []
    for size, kernel, stride in zip(given[0].shape[-2:], convolution.kernel_size, convolution.stride):
        padding = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        ends = [padding // 2, padding - padding // 2, *ends]  # of the last axis first
    return functional.pad(given[0], ends)


def _set_epsilon(kind: type[nn.LayerNorm] | type[nn.BatchNorm2d]) -> Callable[[nn.Module], object]:
    def change(model: nn.Module) -> None:
        for each in model.modules():
            if isinstance(each, kind):
                each.eps = KERAS_EPSILON

    return change


def _unscaled(model: nn.Module) -> None:
    for each in model.modules():
        if isinstance(each, SelfAttention):
            each.scale = 1.0


def _activating(other: type[nn.Module]) -> Callable[[nn.Module], None]:
    def change(model: nn.Module) -> None:
        for module in list(model.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.SiLU):
                    setattr(module, name, other())

    return change


NETWORK_MISTAKES = (
    NetworkMistake("convolutions pad as TensorFlow's SAME does, more after the map than before it", _pad_at_the_end),
    NetworkMistake(f"LayerNorm's epsilon is {KERAS_EPSILON}", _set_epsilon(nn.LayerNorm)),
    NetworkMistake(f"BatchNorm's epsilon is {KERAS_EPSILON}", _set_epsilon(nn.BatchNorm2d)),
    NetworkMistake("attention's scores are not divided by the root of the head's size", _unscaled),
    NetworkMistake("the activation is a hard swish instead of SiLU", _activating(nn.Hardswish)),
    NetworkMistake("the activation is ReLU instead of SiLU", _activating(nn.ReLU)),
)


def _as_they_are(logits: np.ndarray) -> np.ndarray:
    return logits


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.moveaxis(softmax(np.moveaxis(logits, 0, -1)), -1, 0)


_ANSWERS: dict[Meaning, Callable[[np.ndarray], np.ndarray]] = {
    "probabilities": _softmax,
    "scores": sigmoid,
    "values": _as_they_are,
    "logits": _as_they_are,
}
_PLAIN: tuple[Meaning, ...] = ("values", "logits")


def _shifted(places: int, answer: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda logits: np.roll(answer(logits), places, axis=0)


def _reversed(answer: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda logits: answer(logits)[::-1]


OUTPUT_MISTAKES = (
    OutputMistake("softmax is applied twice", ("probabilities",), lambda logits: _softmax(_softmax(logits)), "logits"),
    OutputMistake("sigmoid is applied twice", ("scores",), lambda logits: sigmoid(sigmoid(logits)), "logits"),
    OutputMistake(
        "a sigmoid of each logit stands where there should be a softmax", ("probabilities",), sigmoid, "scores"
    ),
    OutputMistake(
        "a softmax stands where there should be a sigmoid of each logit", ("scores",), _softmax, "probabilities"
    ),
    OutputMistake("a softmax stands where there should be the values themselves", _PLAIN, _softmax, "probabilities"),
    OutputMistake("a sigmoid stands where there should be the values themselves", _PLAIN, sigmoid, "scores"),
    OutputMistake("a softmax is missing: the artifact gives logits", ("probabilities",), _as_they_are, "logits"),
    OutputMistake("a sigmoid is missing: the artifact gives logits", ("scores",), _as_they_are, "logits"),
    OutputMistake(
        "the probabilities' logarithms stand where they should stand themselves",
        ("probabilities",),
        lambda logits: np.log(_softmax(logits)),
        "logits",
    ),
    OutputMistake("softmax is taken over the images: every value is 1", ("probabilities",), np.ones_like),
    *(
        OutputMistake(f"the labels are shifted by one: {says}", (meaning,), _shifted(places, answer))
        for meaning, answer in _ANSWERS.items()
        for places, says in ((-1, "the first class is missing"), (1, "a class stands before the first"))
    ),
    *(
        OutputMistake("the labels stand in reverse order", (meaning,), _reversed(answer))
        for meaning, answer in _ANSWERS.items()
    ),
    OutputMistake("the class map's height and width are exchanged", ("class_map",), np.transpose),
    OutputMistake("the class map is mirrored", ("class_map",), np.fliplr),
    OutputMistake("the class map is upside down", ("class_map",), np.flipud),
    OutputMistake("the classes of the map are counted from 1", ("class_map",), lambda classes: classes + 1),
    OutputMistake(
        "the background is missing among the classes of the map",
        ("class_map",),
        lambda classes: np.maximum(classes, 1) - 1,
    ),
)
