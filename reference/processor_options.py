"""The names and values that an image processor's options may have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .errors import UserError

OPTIONS = (
    "do_resize", "size", "resample", "do_rescale", "rescale_factor", "do_center_crop", "crop_size",
    "do_flip_channel_order", "do_reduce_labels", "do_normalize", "image_mean", "image_std", "num_channels",
    "fit",
)  # fmt: skip
# Options of transformers' that leave no choice here: images become RGB, with zeros where a crop is larger.
SETTLED = ("do_convert_rgb", "do_pad")


def check_names(changes: Mapping[str, Any]) -> None:
    """UserError for an option that there is not."""
    unknown = sorted(set(changes) - {*OPTIONS, *SETTLED})
    if unknown:
        raise UserError(f"unknown option {unknown[0]}: choose among {', '.join(OPTIONS)}")


def of_channels(name: str, value: Any, channels: int) -> tuple[float, ...]:
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
    return dict(edges)
