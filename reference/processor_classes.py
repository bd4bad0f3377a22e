"""What a preprocessor_config.json means that names another image processor of transformers than MobileViT's.

Each class has defaults of its own for what such a file leaves unsaid. Source: transformers 5, the class attributes of
each `models/*/image_processing_*.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PIL.Image import Resampling

from .errors import UserError

_HALF = [0.5, 0.5, 0.5]
_OTHERS: dict[str, Any] = {
    "do_resize": True,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": _HALF,
    "image_std": _HALF,
    "do_center_crop": False,
    "do_flip_channel_order": False,
}
_MOBILENET = {
    "size": {"shortest_edge": 256},
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "resample": Resampling.BILINEAR,
}
# MobileViT's own defaults are those of its class, beside the filter, which its files must name.
CLASSES: dict[str, dict[str, Any]] = {
    "MobileViT": {},
    "MobileNetV1": _OTHERS | _MOBILENET,
    "MobileNetV2": _OTHERS | _MOBILENET,
    "ViT": _OTHERS | {"size": {"height": 224, "width": 224}, "resample": Resampling.BILINEAR},
    "DeiT": _OTHERS
    | {
        "size": {"height": 256, "width": 256},
        "crop_size": {"height": 224, "width": 224},
        "do_center_crop": True,
        "resample": Resampling.BICUBIC,
    },
    "ConvNext": _OTHERS | {"size": {"shortest_edge": 384}, "crop_pct": 224 / 256, "resample": Resampling.BICUBIC},
}
UNCROPPED = 384  # pixels from which on ConvNext's resizes to both sides and crops nothing


def completed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The file's `fields` with what its class takes for those that it leaves out or has as null.

    Raises:
        UserError: for a class that is not known here.
    """
    said = fields.get("image_processor_type") or fields.get("feature_extractor_type") or "MobileViTImageProcessor"
    name = re.sub(r"(ImageProcessor(Fast|Pil)?|FeatureExtractor)$", "", str(said))
    if name not in CLASSES:
        known = ", ".join(f"{each}ImageProcessor" for each in CLASSES)
        raise UserError(
            f"image_processor_type {said!r} is not known here, nor what it does to pictures: write what it does as one "
            f"of {known}"
        )
    given = {key: value for key, value in fields.items() if not key.endswith("_type")}
    if name == "MobileViT":
        return given
    values = CLASSES[name] | {key: value for key, value in given.items() if value is not None}
    return _convnext(values) if name == "ConvNext" else values


def _convnext(values: dict[str, Any]) -> dict[str, Any]:
    """`crop_pct` in the words of the others: a margin around small crops, and large pictures as a whole."""
    size = values["size"]
    edge = size.get("shortest_edge") if isinstance(size, dict) else size
    share = values.pop("crop_pct")
    if not isinstance(edge, int) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise UserError(f"size {size!r} and crop_pct {share!r} are not a shortest_edge and a share in 0..1")
    if edge >= UNCROPPED:
        return values | {"size": {"height": edge, "width": edge}}
    return values | {"size": {"shortest_edge": int(edge / share)}, "do_center_crop": True, "crop_size": edge}
