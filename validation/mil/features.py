"""Inputs and outputs as an app sees them: images, arrays, labels, dictionaries.

The description of an ML Program says of an image its size and colour layout, nothing else: scale and bias are ordinary
operations at the beginning of the program.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from reference.errors import UserError

from .protos import FeatureTypes_pb2

_COLORS = FeatureTypes_pb2.ImageFeatureType.ColorSpace
_ARRAYS = FeatureTypes_pb2.ArrayFeatureType.ArrayDataType

# Colour layout -> the PIL mode an app's picture has to have.
_MODES = {"RGB": "RGB", "BGR": "RGB", "GRAYSCALE": "L", "GRAYSCALE_FLOAT16": "F"}
_DTYPES = {"FLOAT16": np.float16, "FLOAT32": np.float32, "DOUBLE": np.float64, "INT32": np.int32, "INT8": np.int8}


def tensor_of(feature: Any, value: Any) -> torch.Tensor:
    """What the program gets for an input.

    Args:
        feature: the input's FeatureDescription message.
        value: for an image, a PIL image or an array [H, W, 3] or [H, W], uint8 (float for GRAYSCALE_FLOAT16), of the
            declared size; else an array.

    Returns:
        Images as float32 [1, C, H, W] in the declared colour layout, values 0..255; arrays in their declared type.

    Raises:
        UserError: for values of another kind, mode, size or shape.
    """
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        return _from_image(feature.name, feature.type.imageType, value)
    if kind == "multiArrayType":
        return _from_array(feature, value)
    raise UserError(f"input {feature.name} is of type {kind}, which is not supported")


def default_of(feature: Any) -> np.ndarray | None:
    """The value of an optional input that is not given; None when it has to be given."""
    if not feature.type.isOptional or feature.type.WhichOneof("Type") != "multiArrayType":
        return None
    array = feature.type.multiArrayType
    which = array.WhichOneof("defaultOptionalValue")
    return np.full(list(array.shape), getattr(array, which) if which else 0, _dtype(feature.name, array))


def answer_of(feature: Any, value: Any) -> Any:
    """What an app gets for an output: a PIL image, an array of the declared type, a label or a dictionary.

    Core ML has no arrays of rank 0: they come as [1]. Uncertain: how values of an image that are no bytes are
    rounded; here to the nearest, those outside of 0..255 to the limits.
    """
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        return _to_image(feature, value)
    if kind == "multiArrayType":
        return np.atleast_1d(value.numpy().astype(_dtype(feature.name, feature.type.multiArrayType)))
    return value


def _dtype(name: str, array: Any) -> Any:
    kind = _ARRAYS.Name(array.dataType)
    if kind not in _DTYPES:
        raise UserError(f"feature {name} is an array of {kind}, which is not supported")
    return _DTYPES[kind]


def _from_image(name: str, image: Any, value: Any) -> torch.Tensor:
    layout = _COLORS.Name(image.colorSpace)
    if layout not in _MODES:
        raise UserError(f"input {name} has the colour layout {layout}, which is not supported")
    mode = _MODES[layout]
    if isinstance(value, np.ndarray):
        value = _picture(name, value, mode)
    if not isinstance(value, Image.Image):
        raise UserError(f"input {name} takes a PIL image or a uint8 array, not {type(value).__name__}")
    if value.mode != mode:
        raise UserError(f"input {name} takes images of mode {mode} ({layout}), not {value.mode}: convert it")
    if not _allowed(image, value.width, value.height):
        raise UserError(
            f"input {name} takes images of {image.width}x{image.height}, not {value.width}x{value.height}: resize it"
        )
    pixels = np.asarray(value, np.float32)  # [H, W, 3] or [H, W]
    if pixels.ndim == 2:
        return torch.from_numpy(pixels[None, None].copy())
    ordered = pixels[..., ::-1] if layout == "BGR" else pixels
    return torch.from_numpy(np.ascontiguousarray(ordered.transpose(2, 0, 1)[None]))


def _picture(name: str, array: np.ndarray, mode: str) -> Image.Image:
    wanted = "float" if mode == "F" else "uint8"
    if array.ndim == 3 and array.shape[2] == 1 and mode != "RGB":
        array = array[..., 0]
    fits = array.ndim == 3 and array.shape[2] == 3 if mode == "RGB" else array.ndim == 2
    if not fits or (array.dtype.kind != "f" if mode == "F" else array.dtype != np.uint8):
        shape = "[H, W, 3]" if mode == "RGB" else "[H, W]"
        raise UserError(f"input {name} takes arrays {wanted} {shape}, not {array.dtype} {list(array.shape)}")
    return Image.fromarray(array.astype(np.float32) if mode == "F" else array)


def _allowed(image: Any, width: int, height: int) -> bool:
    which = image.WhichOneof("SizeFlexibility")
    if which == "enumeratedSizes":
        return any((width, height) == (size.width, size.height) for size in image.enumeratedSizes.sizes)
    if which == "imageSizeRange":
        ranges = image.imageSizeRange
        return _within(ranges.widthRange, width) and _within(ranges.heightRange, height)
    return (width, height) == (image.width, image.height)


def _within(size_range: Any, size: int) -> bool:
    return size_range.lowerBound <= size and (size_range.upperBound < 0 or size <= size_range.upperBound)


def _from_array(feature: Any, value: Any) -> torch.Tensor:
    dtype = _dtype(feature.name, feature.type.multiArrayType)
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"of {array.dtype}")
        # A float16 array is carried as float32, see datatypes.
        cast = array.astype(dtype)
        return torch.from_numpy(np.array(cast, np.float32 if dtype == np.float16 else dtype))
    except (ValueError, TypeError) as error:
        raise UserError(f"input {feature.name} takes an array of numbers ({np.dtype(dtype)}): {error}") from error


def _to_image(feature: Any, value: torch.Tensor) -> Image.Image:
    layout = _COLORS.Name(feature.type.imageType.colorSpace)
    pixels = value[0].float().numpy()  # [C, H, W]
    if layout == "GRAYSCALE_FLOAT16":
        return Image.fromarray(pixels[0])
    pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if layout == "GRAYSCALE":
        return Image.fromarray(pixels[0])
    return Image.fromarray(np.ascontiguousarray((pixels[::-1] if layout == "BGR" else pixels).transpose(1, 2, 0)))
