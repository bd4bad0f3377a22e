"""The names and values that an image processor's options may have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .errors import UserError
from .images import MOST_PIXELS

OPTIONS = (
    "do_resize", "size", "resample", "do_rescale", "rescale_factor", "do_center_crop", "crop_size",
    "do_flip_channel_order", "do_reduce_labels", "do_normalize", "image_mean", "image_std", "num_channels",
    "fit",
)  # fmt: skip
Channels = tuple[float, ...]  # a number for each channel, red first
# Options of transformers' that leave no choice here: images become RGB, with zeros where a crop is larger.
SETTLED = ("do_convert_rgb", "do_pad")


def check_names(changes: Mapping[str, Any]) -> None:
    """UserError for an option that there is not."""
    unknown = sorted(set(changes) - {*OPTIONS, *SETTLED})
    if unknown:
        raise UserError(f"unknown option {unknown[0]}: choose among {', '.join(OPTIONS)}")


def check_values(num_channels: Any, resample: Any, rescale_factor: Any, extra: Mapping[str, Any]) -> None:
    """UserError for values that make no sense, and for `do_pad` among the options that are only kept."""
    if extra.get("do_pad"):
        raise UserError("do_pad is not part of MobileViT's preprocessing: remove it or set it to false")
    if num_channels not in (1, 3):
        raise UserError(f"pictures have 3 channels, or are grey and have 1, but the network takes {num_channels}")
    if resample not in range(6):  # Pillow has grown further ones, which other frameworks do not know
        raise UserError(f"resample must be a PIL filter, 0 to 5, not {resample!r}")
    if not isinstance(rescale_factor, int | float) or not 0 < rescale_factor < math.inf:
        raise UserError(f"rescale_factor must be a positive number, not {rescale_factor!r}")


def moments(wanted: Any, mean: Any, deviation: Any, channels: int) -> tuple[Channels | None, Channels | None]:
    """Mean and deviation where they are wanted.

    Raises:
        UserError: for what is no number for each channel, and a deviation that is not above 0.
    """
    if not wanted:
        return None, None
    means, deviations = _of_channels("image_mean", mean, channels), _of_channels("image_std", deviation, channels)
    if not all(value > 0 for value in deviations):
        raise UserError(f"image_std must be above 0, not {deviation!r}")
    return means, deviations


def _of_channels(name: str, value: Any, channels: int) -> Channels:
    """One number for each of red, green and blue, or for grey, which one for three alike is too."""
    numbers = [value] * channels if isinstance(value, int | float) else value
    if (
        not isinstance(numbers, list | tuple)
        or not all(isinstance(each, int | float) and math.isfinite(each) for each in numbers)
        or len(numbers if channels > 1 else set(numbers)) != channels
    ):
        wanted = "three numbers" if channels > 1 else "one number, as the network's one channel is grey,"
        raise UserError(f"{name} must be {wanted} for do_normalize, not {value!r}")
    return tuple(map(float, numbers[:channels]))


def edges_of(name: str, value: Any, *keys: str) -> dict[str, int]:
    """`value`, one number or a dictionary, as a dictionary with `keys` or with height and width."""
    edges = dict.fromkeys(keys, value) if isinstance(value, int) else value
    if isinstance(value, list | tuple) and len(value) == 2:
        edges = {"height": value[0], "width": value[1]}
    if (
        not isinstance(edges, dict)
        or set(edges) not in ({*keys}, {"height", "width"})
        or not all(isinstance(edge, int) and edge > 0 for edge in edges.values())
    ):
        raise UserError(f"{name} must be a number of pixels or a dictionary of {' and '.join(keys)}, not {value!r}")
    if edges.get("height", 1) * edges.get("width", 1) > MOST_PIXELS:
        raise UserError(f"{name} of {edges['height']} x {edges['width']} pixels is more than {MOST_PIXELS} in all")
    return dict(edges)
