"""The training courses of the demonstration checkpoints, as data: which stages, in which order, at which rates."""

from __future__ import annotations

from dataclasses import dataclass

from .. import scenes
from ..config import SIZES, MobileViTConfig


@dataclass(frozen=True)
class Stage:
    """`epochs` passes over `scenes` rendered scenes at `image_size` pixels, with a one-cycle learning rate.

    Where `crop` is given, each step sees a random square of that side out of the image.
    """

    image_size: int
    scenes: int
    epochs: int
    batch: int
    peak_rate: float
    crop: int | None = None

    @property
    def side(self) -> int:
        """What the network sees, in pixels."""
        return self.crop or self.image_size


@dataclass(frozen=True)
class Course:
    """The way to one checkpoint; `start`: size of the bundled classifier it begins with, else random weights."""

    stages: tuple[Stage, ...]
    start: str | None = None


COURSES = {
    ("classification", "xxs"): Course(
        (
            Stage(image_size=96, scenes=32_000, epochs=6, batch=128, peak_rate=3e-3),
            Stage(image_size=160, scenes=16_000, epochs=4, batch=64, peak_rate=1e-3),
            Stage(image_size=256, scenes=8_000, epochs=2, batch=32, peak_rate=3e-4),
            Stage(image_size=256, scenes=10_000, epochs=1, batch=32, peak_rate=1e-3),
            Stage(image_size=256, scenes=10_000, epochs=1, batch=32, peak_rate=1.5e-3),
        )
    ),
    ("classification", "xs"): Course(
        (
            Stage(image_size=160, scenes=6_000, epochs=1, batch=32, peak_rate=1e-3),
            Stage(image_size=256, scenes=3_000, epochs=1, batch=16, peak_rate=5e-4),
        ),
        start="xxs",
    ),
    ("classification", "s"): Course(
        (
            Stage(image_size=160, scenes=5_000, epochs=1, batch=32, peak_rate=1e-3),
            Stage(image_size=256, scenes=2_500, epochs=1, batch=16, peak_rate=5e-4),
            Stage(image_size=256, scenes=2_400, epochs=1, batch=16, peak_rate=2e-4),
        ),
        start="xxs",
    ),
    ("segmentation", "xxs"): Course(
        (
            Stage(image_size=512, scenes=3_000, epochs=4, batch=16, peak_rate=2e-3, crop=256),
            Stage(image_size=512, scenes=800, epochs=1, batch=4, peak_rate=5e-4),
        ),
        start="xxs",
    ),
}


def config(task: str, size: str) -> MobileViTConfig:
    """The published architecture, with the scenes' classes."""
    if task == "segmentation":
        return MobileViTConfig(
            **SIZES[size], output_stride=16, image_size=512, id2label=dict(enumerate(scenes.SEGMENT_LABELS))
        )
    return MobileViTConfig(**SIZES[size], id2label=dict(enumerate(scenes.LABELS)))
