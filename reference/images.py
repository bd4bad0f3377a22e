"""Pictures as people have them - files, PIL, NumPy, torch, one or many - made into 8-bit RGB, or refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from .errors import UserError

Picture = Any  # a PIL image, a NumPy array, or a torch tensor

# Pillow converts these to RGB by cutting values off at 255, without a word.
_WIDE_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


# A picture of more pixels Pillow refuses to open, for a decompression bomb; as RGB it takes half a GiB.
MOST_PIXELS = 178_956_970


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Without Pillow's warnings: what it can read it reads, and what it cannot it says with an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def name_of(picture: Picture) -> str:
    """For messages."""
    return getattr(picture, "filename", "") or "an image"


def resize(image: Image.Image, size: tuple[int, int], resample: Image.Resampling, which: str) -> Image.Image:
    """The image at this width and height, in the order of passes of Pillow 13, whichever is installed.

    That one resizes height first where it loses more pixels than twice the width does, older ones never: the bytes
    between the passes are rounded, so that order shows.

    Raises:
        UserError: for more pixels than can be opened; it names the image `which`.
    """
    width, height = size
    if width * height > MOST_PIXELS:
        raise UserError(
            f"{which} of {image.width} x {image.height} pixels would be resized to {width} x {height}: crop it before"
        )
    if image.height - height > max(2 * (image.width - width), 0):
        image = image.resize((image.width, height), resample)
    return image.resize(size, resample)


def as_list(pictures: Picture | Sequence[Picture], *, rank: int = 3) -> list[Picture]:
    """One picture, a sequence of them, or an array or tensor of more dimensions than a picture's `rank`, as a list.

    A last dimension of one does not count for maps of rank 2: [H, W, 1] is one map.
    """
    if isinstance(pictures, Image.Image):
        return [pictures]
    if isinstance(pictures, Sequence):
        return list(pictures)
    one = getattr(pictures, "ndim", 0) <= rank or (rank == 2 and pictures.ndim == 3 and pictures.shape[2] == 1)
    return [pictures] if one else list(pictures)


def as_rgb(picture: Picture, channels: str | None = None) -> Image.Image:
    """An 8-bit RGB image, turned as its EXIF orientation says.

    Args:
        picture: a PIL image, or an array or tensor [H, W, 3], [3, H, W], [H, W, 1], [1, H, W] or [H, W] of bytes, of
            whole numbers in 0..255, or of floats in 0..1.
        channels: "channels_first" or "channels_last", where the shape leaves it open; None: found out.

    Raises:
        UserError: for more than 8 bits per channel, transparency in an array, values out of range, other shapes, and
            files that turn out to be broken.
    """
    if isinstance(picture, Image.Image):
        which = name_of(picture)
        if picture.mode in _WIDE_MODES:
            raise UserError(f"{which} has more than 8 bits per channel (mode {picture.mode}): convert it to 8 bits")
        with quiet_pillow():
            try:
                upright = ImageOps.exif_transpose(picture)
            except Exception:  # a garbled EXIF block says nothing about the orientation
                upright = picture
            try:
                return (upright.convert("RGBA") if "transparency" in upright.info else upright).convert("RGB")
            except (OSError, SyntaxError, ValueError) as error:  # the pixels of a file are read only now
                raise UserError(f"{which} of mode {picture.mode} cannot become RGB: {error}") from error
    pixels = _channels_last(_as_array(picture), channels)
    return Image.fromarray(np.repeat(_as_bytes(pixels), 3 // pixels.shape[2], axis=2))


def in_unit_range(picture: Picture) -> bool:
    """Whether a picture has values in 0..1 rather than bytes: floating-point numbers, none beyond 1."""
    if isinstance(picture, Image.Image):
        return False
    pixels = _as_array(picture)
    return pixels.dtype.kind == "f" and float(pixels.max()) <= 1


def as_labels(picture: Picture) -> Image.Image:
    """A segmentation map [H, W], one class index in 0..255 per pixel, as an image of mode "L"."""
    array = _as_array(picture)
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2 or array.dtype.kind not in "uib" or array.size == 0 or array.min() < 0 or array.max() > 255:
        raise UserError(f"a segmentation map must be [height, width] of integers in 0..255, not {_described(array)}")
    return Image.fromarray(array.astype(np.uint8))


def _as_array(picture: Picture) -> np.ndarray:
    if hasattr(picture, "detach"):  # a torch tensor, without importing torch
        picture = picture.detach().cpu()
        picture = (picture.float() if picture.is_floating_point() else picture).numpy()  # NumPy has no bfloat16
    if not isinstance(picture, np.ndarray | Image.Image):
        raise UserError(f"an image must be a PIL image, a NumPy array or a torch tensor, not {type(picture).__name__}")
    return np.asarray(picture)


def _channels_last(array: np.ndarray, channels: str | None) -> np.ndarray:
    """[H, W, 1 or 3], whichever way the channels stood."""
    if array.ndim == 2 and array.size:
        return array[..., None]
    if array.ndim == 3 and array.size:
        last, first = array.shape[2] in (1, 3), array.shape[0] in (1, 3)
        if last and channels != "channels_first" and not (first and channels is None and array.shape[2] == 1):
            return array
        if first and channels != "channels_last":
            return array.transpose(1, 2, 0)
    raise UserError(f"an image array must be [H, W, 3], [3, H, W] or [H, W], not {_described(array)}")


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    low, high = float(pixels.min()), float(pixels.max())
    if pixels.dtype.kind in "ui" and low >= 0 and high <= 255:
        return pixels.astype(np.uint8)
    if low >= 0 and in_unit_range(pixels):
        return np.rint(pixels * 255).astype(np.uint8)
    if pixels.dtype.kind == "f" and low >= 0 and high <= 255 and (pixels == np.rint(pixels)).all():
        return pixels.astype(np.uint8)
    raise UserError(
        f"image values must be bytes, whole numbers in 0..255 or floats in 0..1, not {_described(pixels)} "
        f"in {low:g}..{high:g}"
    )


def _described(array: np.ndarray) -> str:
    return f"{array.dtype} of shape {list(array.shape)}"
