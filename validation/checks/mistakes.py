"""Mistakes that artifacts and apps are known to make, and how each one shows.

Each is imitated on the reference's side: where an artifact's answers equal those of the reference *with* the mistake,
the mistake is found. That needs nothing of the artifact but its answers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from reference import answers
from reference.checkpoints import Checkpoint
from reference.image_processor import MobileViTImageProcessor
from reference.tensor_specs import Meaning

from ..runtimes.pytorch import PyTorchRuntime
from .metrics import softmax


@dataclass(frozen=True)
class InputMistake:
    """A wrong way from the picture to the network: what the network then sees, float32 [1, C, H, W]."""

    says: str
    values: Callable[[Checkpoint, Image.Image], Tensor]


@dataclass(frozen=True)
class OutputMistake:
    """A wrong way from the network to the answer: what becomes of right logits [images, classes].

    meanings: of the answers that it can be made with.
    """

    says: str
    meanings: tuple[Meaning, ...]
    answers: Callable[[np.ndarray], np.ndarray]


def right_values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """What the network should see: the reference's own preprocessing."""
    return _values(checkpoint.processor, image)


def _values(processor: MobileViTImageProcessor, image: Image.Image) -> Tensor:
    return torch.from_numpy(processor.network_input(processor.resize_and_crop(image)))[None]


def _swapped(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    return right_values(checkpoint, image).flip(1)


def _times(factor: float) -> Callable[[Checkpoint, Image.Image], Tensor]:
    return lambda checkpoint, image: right_values(checkpoint, image) * factor


def _with(**options: object) -> Callable[[Checkpoint, Image.Image], Tensor]:
    """The reference's preprocessing with other options of the image processor."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        processor = copy.copy(checkpoint.processor)
        for name, value in options.items():
            setattr(processor, name, value)
        return _values(processor, image)

    return values


def _normalised(times: int) -> Callable[[Checkpoint, Image.Image], Tensor]:
    """Mean and deviation of the channels taken off as often as that, instead of once; as it is where there is none."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        right = right_values(checkpoint, image)
        processor = checkpoint.processor
        if processor.mean is None or processor.deviation is None:
            return right
        moments = torch.tensor([processor.mean, processor.deviation])
        mean, deviation = (moments.flip(1) if processor.do_flip_channel_order else moments)[..., None, None]
        return right * deviation + mean if times == 0 else (right - mean) / deviation

    return values


def _squashed(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    return _with(size=checkpoint.processor.crop_size, fit=None)(checkpoint, image)


def _uncropped(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """The shortest edge resized to the crop itself, as if there were no margin around it."""
    return _with(size={"shortest_edge": min(checkpoint.processor.crop_size.values())})(checkpoint, image)


def _laid_out(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Checkpoint, Image.Image], Tensor]:
    """The crop's bytes in another order."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        pixels = checkpoint.processor.resize_and_crop(image)
        return torch.from_numpy(checkpoint.processor.network_input(change(pixels)))[None]

    return values


def _hwc_as_chw(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, *pixels.shape[:2]).transpose(1, 2, 0)


def _chw_as_hwc(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(2, 0, 1).reshape(pixels.shape)


def _mirrored_axes(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    return right_values(checkpoint, image).transpose(2, 3)


def _cropped(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """The shortest edge resized so that the crop has the margin that the squashed picture has."""
    size = checkpoint.processor.size
    return _with(size={"shortest_edge": max(size.values())}, do_center_crop=True)(checkpoint, image)


INPUT_MISTAKES = (
    InputMistake("the mean and deviation of the channels are not taken off", _normalised(0)),
    InputMistake("the mean and deviation of the channels are taken off twice", _normalised(2)),
    InputMistake("the channels are swapped: the artifact takes BGR for RGB, or the other way round", _swapped),
    InputMistake("the scale 1/255 is missing: the network sees 0..255 instead of 0..1", _times(255)),
    InputMistake("the scale 1/255 is applied twice: the network sees 0..1/255 instead of 0..1", _times(1 / 255)),
    InputMistake("the picture is squashed to the input size instead of resized and cropped", _squashed),
    InputMistake("the picture's shortest edge is resized and the centre cropped, instead of squashed", _cropped),
    InputMistake("the picture is resized to the input size without the margin that is to be cropped away", _uncropped),
    InputMistake("the picture is resized with the bicubic filter", _with(resample=Image.Resampling.BICUBIC)),
    InputMistake("the picture is resized with the bilinear filter", _with(resample=Image.Resampling.BILINEAR)),
    InputMistake("the picture is resized with the nearest filter", _with(resample=Image.Resampling.NEAREST)),
    InputMistake("pixels are laid out NHWC and read as NCHW", _laid_out(_hwc_as_chw)),
    InputMistake("pixels are laid out NCHW and read as NHWC", _laid_out(_chw_as_hwc)),
    InputMistake("height and width are exchanged", _mirrored_axes),
)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return torch.sigmoid(torch.from_numpy(logits)).numpy()


def _shifted(places: int, answer: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda logits: np.roll(answer(logits), places, axis=-1)


def _as_they_are(logits: np.ndarray) -> np.ndarray:
    return logits


_ANSWERS: dict[Meaning, Callable[[np.ndarray], np.ndarray]] = {
    "probabilities": softmax,
    "scores": sigmoid,
    "values": _as_they_are,
}
OUTPUT_MISTAKES = (
    OutputMistake("softmax is applied twice", ("probabilities",), lambda logits: softmax(softmax(logits))),
    OutputMistake("sigmoid is applied twice", ("scores",), lambda logits: sigmoid(sigmoid(logits))),
    OutputMistake("a sigmoid of each logit stands where there should be a softmax", ("probabilities",), sigmoid),
    OutputMistake("a softmax stands where there should be a sigmoid of each logit", ("scores",), softmax),
    OutputMistake("a softmax stands where there should be the values themselves", ("values",), softmax),
    OutputMistake("a sigmoid stands where there should be the values themselves", ("values",), sigmoid),
    OutputMistake("a softmax is missing: the artifact gives logits", ("probabilities",), _as_they_are),
    OutputMistake("a sigmoid is missing: the artifact gives logits", ("scores",), _as_they_are),
    *(
        OutputMistake(f"the labels are shifted by one: {says}", (meaning,), _shifted(places, answer))
        for meaning, answer in _ANSWERS.items()
        for places, says in ((-1, "the first class is missing"), (1, "a class stands before the first"))
    ),
)


def right_logits(checkpoint: Checkpoint, image: Image.Image) -> np.ndarray:
    """What the reference's head answers, before softmax or sigmoid, [classes]."""
    return answers.answer(checkpoint, right_values(checkpoint, image), "logits")


def wrong_answers(
    mistake: InputMistake, checkpoint: Checkpoint, images: list[Image.Image], runtime: PyTorchRuntime
) -> np.ndarray:
    """What the reference answers when it makes the mistake, [images, ...]."""
    return np.stack([runtime.answer(mistake.values(checkpoint, image)) for image in images])
