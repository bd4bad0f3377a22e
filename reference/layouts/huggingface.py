"""Hugging Face's layout, whose names are the reference's own: `apple/mobilevit-*`, `apple/deeplabv3-mobilevit-*`.

Source: the names that transformers' MobileViT writes; the preprocessing is that of the published
preprocessor_config.json files, with the filter pinned to bilinear (see reference/image_processor.py).
"""

from __future__ import annotations

from ..config import BACKBONE
from .layout import Layout

_EARLY = "encoder.layer.{early}.layer.{index}"
_LATE = "encoder.layer.{late}"
_TRANSFORMER = _LATE + ".transformer.layer.{index}"
_ASPP = "segmentation_head.aspp"

LAYERS = (
    "conv_stem",
    *(f"{_EARLY}.{part}" for part in ("expand_1x1", "conv_3x3", "reduce_1x1")),
    *(f"{_LATE}.downsampling_layer.{part}" for part in ("expand_1x1", "conv_3x3", "reduce_1x1")),
    *(f"{_LATE}.{part}" for part in ("conv_kxk", "conv_projection", "fusion")),
    "conv_1x1_exp",
    f"{_ASPP}.convs.{{branch}}",
    f"{_ASPP}.convs.4.conv_1x1",
    f"{_ASPP}.project",
)
MODULES = (
    f"{_LATE}.conv_1x1.convolution",
    f"{_TRANSFORMER}.layernorm_before",
    *(f"{_TRANSFORMER}.attention.attention.{part}" for part in ("query", "key", "value")),
    f"{_TRANSFORMER}.attention.output.dense",
    f"{_TRANSFORMER}.layernorm_after",
    f"{_TRANSFORMER}.intermediate.dense",
    f"{_TRANSFORMER}.output.dense",
    f"{_LATE}.layernorm",
    "classifier",
    "segmentation_head.classifier.convolution",
)

HUGGINGFACE = Layout(
    name="Hugging Face",
    convolution="convolution",
    normalization="normalization",
    layers={name: name for name in LAYERS},
    modules={name: name for name in MODULES},
    fused={},
    prefix=BACKBONE,
)
