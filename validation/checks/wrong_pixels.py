"""What wrong ways make of a crop's pixels [H, W, C], 0..255, or of the same values in 0..1."""

from __future__ import annotations

import numpy as np
from PIL import Image

BT601 = (0.299, 0.587, 0.114)


def transposed(pixels: np.ndarray, how: Image.Transpose) -> np.ndarray:
    turned = np.asarray(Image.fromarray(pixels.squeeze()).transpose(how))
    return turned.reshape(*turned.shape[:2], -1)


def hwc_as_chw(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, *pixels.shape[:2]).transpose(1, 2, 0)


def chw_as_hwc(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(2, 0, 1).reshape(pixels.shape)


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB values to linear light, IEC 61966-2-1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def grey(rgb: np.ndarray) -> np.ndarray:
    """Rounded luma, of ITU-R BT.601."""
    return np.asarray(Image.fromarray(rgb).convert("L").convert("RGB")) if rgb.shape[2] == 3 else rgb


def luma(rgb: np.ndarray) -> np.ndarray:
    return np.repeat((rgb * BT601).sum(axis=2, keepdims=True), 3, axis=2) if rgb.shape[2] == 3 else rgb


def mean(rgb: np.ndarray) -> np.ndarray:
    return np.repeat(rgb.mean(axis=2, keepdims=True), rgb.shape[2], axis=2)


def as_imagenet(rgb: np.ndarray) -> np.ndarray:
    """Less the mean, over the deviation, of ImageNet's images."""
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, : rgb.shape[2]]
    return (rgb - mean) / deviation


def signed(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.int8).astype(np.float32)
