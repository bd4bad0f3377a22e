"""timm's `mobilevit_xxs`, `mobilevit_xs` and `mobilevit_s`: the same networks, trained by Apple, under timm's names.

Source: pytorch-image-models 1.0, timm/models/mobilevit.py and timm/data (how its configuration becomes an evaluation
transform). Its pipeline feeds RGB, and its evaluation of these weights gives Apple's accuracies (results-imagenet.csv:
top-1 68.94, 74.62 and 78.30 to 69.0, 74.7 and 78.3): their stem has been turned from BGR to RGB. timm nowhere says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL.Image import Resampling

from ..config import TASKS
from ..errors import UserError
from ..image_processor import MobileViTImageProcessor
from .layout import Layout

ARCHITECTURES = ("mobilevit_xxs", "mobilevit_xs", "mobilevit_s")
WRAPPED = "timm_wrapper"  # what transformers calls a timm model inside one of its own
CROP, CROP_SHARE = 256, 0.9  # of these models
CROP_MODES = {"center": "cover", "border": "contain", "squash": None}  # by how a picture fits both sides
UNSAID: dict[str, Any] = {  # what a configuration that leaves it out means
    "input_size": (3, 224, 224),
    "crop_pct": 0.875,
    "crop_mode": "center",
    "interpolation": "bicubic",
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
}

_BLOCK = "encoder.layer.{late}"
_TRANSFORMER = _BLOCK + ".transformer.layer.{index}"

TIMM = Layout(
    name="timm",
    convolution="conv",
    normalization="bn",
    layers={
        "stem": "conv_stem",
        "stages.{early}.{index}.conv1_1x1": "encoder.layer.{early}.layer.{index}.expand_1x1",
        "stages.{early}.{index}.conv2_kxk": "encoder.layer.{early}.layer.{index}.conv_3x3",
        "stages.{early}.{index}.conv3_1x1": "encoder.layer.{early}.layer.{index}.reduce_1x1",
        "stages.{late}.0.conv1_1x1": _BLOCK + ".downsampling_layer.expand_1x1",
        "stages.{late}.0.conv2_kxk": _BLOCK + ".downsampling_layer.conv_3x3",
        "stages.{late}.0.conv3_1x1": _BLOCK + ".downsampling_layer.reduce_1x1",
        "stages.{late}.1.conv_kxk": _BLOCK + ".conv_kxk",
        "stages.{late}.1.conv_proj": _BLOCK + ".conv_projection",
        "stages.{late}.1.conv_fusion": _BLOCK + ".fusion",
        "final_conv": "conv_1x1_exp",
    },
    modules={
        "stages.{late}.1.conv_1x1": _BLOCK + ".conv_1x1.convolution",
        "stages.{late}.1.transformer.{index}.norm1": _TRANSFORMER + ".layernorm_before",
        "stages.{late}.1.transformer.{index}.attn.proj": _TRANSFORMER + ".attention.output.dense",
        "stages.{late}.1.transformer.{index}.norm2": _TRANSFORMER + ".layernorm_after",
        "stages.{late}.1.transformer.{index}.mlp.fc1": _TRANSFORMER + ".intermediate.dense",
        "stages.{late}.1.transformer.{index}.mlp.fc2": _TRANSFORMER + ".output.dense",
        "stages.{late}.1.norm": _BLOCK + ".layernorm",
        "head.fc": "classifier",
    },
    fused={"stages.{late}.1.transformer.{index}.attn.qkv": _TRANSFORMER + ".attention.attention"},
    edges=dict.fromkeys(TASKS, (math.floor(CROP / CROP_SHARE), CROP)),
    resample=Resampling.BICUBIC,
    bgr=False,
)


def is_timm(fields: Mapping[str, Any]) -> bool:
    """Whether a config.json is timm's, alone or inside a model of transformers."""
    return "architecture" in fields and fields.get("model_type", WRAPPED) == WRAPPED


def check_architecture(fields: Mapping[str, Any], source: str) -> None:
    """UserError when timm's config.json, named `source`, describes another network."""
    if fields["architecture"] not in ARCHITECTURES:
        raise UserError(
            f"{source} describes timm's {fields['architecture']!r}, not a MobileViT (v1): choose one of "
            f"{', '.join(ARCHITECTURES)}"
        )


def labels(fields: Mapping[str, Any], count: int) -> dict[int, str] | None:
    """The class names in timm's config.json, descriptions where it has them; None unless there are `count`."""
    names = fields.get("label_names")
    if isinstance(names, dict):
        names = [names.get(str(index)) for index in range(len(names))]
    if not isinstance(names, list) or len(names) != count or not all(isinstance(name, str) for name in names):
        return None
    descriptions = fields.get("label_descriptions")
    return {
        index: str(descriptions.get(name, name)) if isinstance(descriptions, dict) else name
        for index, name in enumerate(names)
    }


def processor(fields: Mapping[str, Any], source: str, channels: int) -> MobileViTImageProcessor:
    """timm's evaluation transform for its config.json, named `source`, as an image processor.

    Args:
        channels: what the network takes.

    Raises:
        UserError: for a border that is not black, for other channels than the network's, for filters that Pillow lacks,
            and what cannot be read.
    """
    given = fields.get("pretrained_cfg") or fields  # the first configurations were flat
    try:
        said = {**UNSAID, **{name: given[name] for name in UNSAID if given.get(name) is not None}}
        pictured, height, width = said["input_size"]
        mean, deviation = list(said["mean"]), list(said["std"])
        size = {side: math.floor(crop / said["crop_pct"]) for side, crop in (("height", height), ("width", width))}
        resample = Resampling[said["interpolation"].upper()]
    except (TypeError, ValueError, ArithmeticError, AttributeError, KeyError) as error:
        raise UserError(f"{source}: its preprocessing cannot be read ({type(error).__name__}: {error})") from error
    if pictured != channels:
        raise UserError(f"{source} asks for pictures of {pictured} channels, its network for {channels}")
    if said["crop_mode"] not in CROP_MODES:
        raise UserError(f"{source}: crop_mode {said['crop_mode']!r} is unknown: choose among {', '.join(CROP_MODES)}")
    if said["crop_mode"] == "border" and any(round(255 * value) for value in mean):
        raise UserError(
            f"{source} asks for crop_mode border in the colour of its mean {mean}, where this kit pads with black: set "
            "crop_mode to center or squash"
        )
    square = size["height"] == size["width"]
    normalizes = any(mean) or any(value != 1 for value in deviation)
    return MobileViTImageProcessor(
        size=size["height"] if said["crop_mode"] == "center" and square else size,
        fit=None if said["crop_mode"] == "center" and square else CROP_MODES[said["crop_mode"]],
        crop_size={"height": height, "width": width},
        resample=resample,
        do_flip_channel_order=TIMM.bgr,
        do_normalize=normalizes or None,
        image_mean=mean if normalizes else None,
        image_std=deviation if normalizes else None,
        num_channels=channels,
    )
