"""Hugging Face's layout, whose names are the reference's own: `apple/mobilevit-*`, `apple/deeplabv3-mobilevit-*`.

Source: the names that transformers' MobileViT writes; the preprocessing is that of the published
preprocessor_config.json files, with the filter pinned to bilinear (see reference/image_processor.py).
"""

from __future__ import annotations

from .layout import BACKBONE, Layout
from .mlcvnets import MLCVNETS


def _itself(templates: list[str]) -> dict[str, str]:
    return {template: template for template in templates}


HUGGINGFACE = Layout(
    name="Hugging Face",
    convolution="convolution",
    normalization="normalization",
    layers=_itself(list(MLCVNETS.layers.values())),
    modules=_itself(
        list(MLCVNETS.modules.values())
        + [f"{module}.{part}" for module in MLCVNETS.fused.values() for part in ("query", "key", "value")]
    ),
    fused={},
    prefix=BACKBONE,
)
