"""Images that activation ranges are measured on: the user's own, or the rendered training scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor, from_numpy

from reference import scenes
from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.manifest import CalibrationFacts
from reference.picture_files import images_in, open_image


@dataclass(frozen=True)
class Calibration:
    """Calibration images.

    source: where they are from; pixels: uint8 RGB or grey [H, W, C] each, resized and cropped; inputs: what the network
    makes of them, float32 [1, C, H, W] each.
    """

    source: str
    pixels: list[np.ndarray]
    inputs: list[Tensor]

    def facts(self, method: str) -> CalibrationFacts:
        """What the manifest says; `method`: what they served for."""
        digest = hashlib.sha256()
        for each in self.inputs:
            digest.update(each.numpy().tobytes())
        return CalibrationFacts(source=self.source, samples=len(self.inputs), sha256=digest.hexdigest(), method=method)


def check_calibration(checkpoint: Checkpoint, folder: Path | None, *, required: bool) -> None:
    """UserError where images are `required` and none are known, or the first one in `folder` cannot be read."""
    if folder is not None:
        checkpoint.processor.resize_and_crop(open_image(images_in(folder)[0]))
    elif required and checkpoint.id != "demo":
        raise UserError(
            f"activation ranges of checkpoint {checkpoint.id} need real images: give --calibration FOLDER, a hundred "
            "pictures of the kind that the app will see"
        )


def calibration(checkpoint: Checkpoint, folder: Path | None, samples: int, *, required: bool) -> Calibration | None:
    """The first `samples` training scenes for the demonstration, or as many images out of `folder`, evenly spread.

    None without a folder for another checkpoint, whose activations the scenes say nothing about.

    Raises:
        UserError: instead of that None, where images are `required`; for a picture that cannot be read.
    """
    check_calibration(checkpoint, folder, required=required)
    if folder is None and checkpoint.id != "demo":
        return None
    if folder is None:
        source, pictures = "rendered training scenes", [scenes.render("train", index).image for index in range(samples)]
    else:
        paths = images_in(folder)
        chosen = np.unique(np.linspace(0, len(paths) - 1, min(samples, len(paths))).round().astype(int))
        source, pictures = folder.name, [open_image(paths[index]) for index in chosen]
    return _calibration(source, pictures, checkpoint)


def seen_by(checkpoint: Checkpoint, images: Calibration | None) -> Calibration:
    """The first image, or where there are none a rendered scene, which can be shown to every network."""
    if images is not None:
        return Calibration(images.source, images.pixels[:1], images.inputs[:1])
    return _calibration("a rendered scene", [scenes.render("train", 0).image], checkpoint)


def _calibration(source: str, pictures: Sequence[Image.Image], checkpoint: Checkpoint) -> Calibration:
    processor = checkpoint.processor
    pixels = [processor.resize_and_crop(each) for each in pictures]
    return Calibration(source, pixels, [from_numpy(processor.network_input(each))[None] for each in pixels])
