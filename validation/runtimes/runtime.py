"""What a runtime is: an artifact, loaded, that answers to images, however many of them it takes at once.

A runtime that cannot run here raises NotRun with its reason; nobody may take that for a pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from PIL import Image

from reference.errors import UserError
from reference.manifest import Manifest
from reference.tensor_specs import InputSpec


class NotRun(Exception):
    """This runtime is not available here; the text says why."""


class Failed(UserError):
    """An artifact cannot be loaded or run; the text says why. It fails, and others go on; label: its own."""

    def __init__(self, reason: str, label: str) -> None:
        super().__init__(reason, label)
        self.label = label

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Layer:
    """A result on the way: its name in the artifact, and the value [C, H, W] of one image."""

    name: str
    value: np.ndarray


class Runtime(ABC):
    """An artifact, loaded. A runtime that can look inside also has the method `convolutions`, see `LooksInside`.

    batch: how many images the artifact takes at once; confined: whether it needs a process of its own, see `apart`.
    """

    name: str
    batch: int = 1
    confined: bool = True

    @staticmethod
    @abstractmethod
    def check_here() -> None:
        """NotRun, with its reason, where this runtime cannot run; needs no artifact."""

    @abstractmethod
    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """uint8 RGB pixels [batch, H, W, 3], resized and cropped -> the manifest's `answer` to each, [batch, ...], maps
        channels first."""

    def answers(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """The same of any number of images, at least one, [H, W, 3] each -> [images, ...].

        Raises:
            UserError: where the artifact gives more or fewer answers than it got images.
        """
        found = [self.run_batch(batch) for batch in whole_batches(images, self.batch)]
        if any(len(each) != self.batch for each in found):
            raise UserError(f"{len(found[0])} answers to {self.batch} images: convert the artifact again")
        return np.concatenate(found)[: len(images)]

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """The same of one image [H, W, C], without the batch axis."""
        return self.answers([pixels])[0]


@runtime_checkable
class LooksInside(Protocol):
    """A runtime that gives results on the way."""

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """uint8 RGB pixels [H, W, 3] -> the results of all convolutions over maps, in the order they run."""
        ...


@dataclass(frozen=True)
class Options:
    """threads: of CPU runtimes; compute_units: of Core ML, a name in coremltools' ComputeUnit; arm_processor: what the
    runtimes on ARM emulate, in qemu's words for -cpu, None for the newest."""

    threads: int = 1
    compute_units: str = "ALL"
    arm_processor: str | None = None


DEFAULT_OPTIONS = Options()


def whole_batches(images: Sequence[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Images as batches [size, ...]; the last one is filled with its last image."""
    for start in range(0, len(images), size):
        batch = list(images[start : start + size])
        yield np.stack(batch + batch[-1:] * (size - len(batch)))


def fed(images: np.ndarray, spec: InputSpec) -> np.ndarray:
    """The tensor that an artifact takes for uint8 RGB pixels [batch, H, W, 3], in its layout, scale and type."""
    values = images.transpose(0, 3, 1, 2) if spec.layout == "NCHW" else images
    if spec.quantization is not None:
        values = np.rint(values / spec.quantization.scale) + spec.quantization.zero_point
    return np.ascontiguousarray(values, dtype=spec.dtype)


def app_input(images: np.ndarray, manifest: Manifest) -> dict[str, Any]:
    """What Core ML and the executor take for uint8 pixels [batch, H, W, C]: a picture, or numbers."""
    spec = manifest.input
    if spec.kind != "image":
        return {spec.name: fed(images, spec)}
    (pixels,) = images
    return {spec.name: Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)}


def with_batch(value: np.ndarray) -> np.ndarray:
    """Answers [batch, ...]; a vector is the answer to one image, and has no batch axis of its own."""
    return value[None] if value.ndim == 1 else value


def app_answer(outputs: Mapping[str, Any], manifest: Manifest) -> np.ndarray:
    """The manifest's `answer` among what Core ML or the executor returned; probabilities in the order of the labels."""
    value = outputs[manifest.answer.name]
    if manifest.answer.kind == "dictionary":
        return np.array([[value[label] for label in manifest.labels]], dtype=np.float32)
    return with_batch(np.asarray(value))
