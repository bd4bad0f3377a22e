"""Whose checkpoint is this? Its keys tell: Hugging Face's, ml-cvnets' or timm's MobileViT, or another network."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ..errors import UserError
from ..sources import hub_id
from .huggingface import HUGGINGFACE
from .layout import Layout
from .mlcvnets import MLCVNETS
from .timm import TIMM

LAYOUTS = (HUGGINGFACE, MLCVNETS, TIMM)

# Networks that people mistake for MobileViT (v1) or have beside it, by a tensor that gives them away. MobileViTV2
# shares most of v1's names, so that these are asked first.
OTHERS = {
    r"attention\.qkv_proj\.|pre_norm_attn\.|attn\.qkv_proj\.": "a MobileViTV2, whose attention is another",
    r"stages\.\d\.\d\.attn\.fc1\.": "a MobileViT with squeeze-and-excitation",
    r"ssd_heads\.|ssd_head\.": "an SSD detector",
    r"(^|\.)layer1\.0\.conv1\.weight": "a ResNet",
    r"(^|\.)blocks\.0\.attn\.|encoder\.layer\.0\.attention\.attention\.query": "a plain vision transformer",
    r"(^|\.)blocks\.0\.0\.conv_(dw|pw)\.": "an EfficientNet or MobileNet",
    r"(^|\.)features\.0\.0\.weight": "a torchvision network",
}


def recognise(weights: Mapping[str, Tensor], source: str) -> Layout:
    """The layout that knows most of the tensors' names; `source` names the checkpoint in errors.

    A single missing or strange tensor does not matter here: `load_strictly` names it.

    Raises:
        UserError: with what was found, when the tensors are another network's.
    """
    advice = f"choose a MobileViT (v1) checkpoint such as {hub_id('xxs')}"
    for pattern, network in OTHERS.items():
        sign = next((name for name in weights if re.search(pattern, name)), None)
        if sign is not None:
            raise UserError(f"checkpoint {source} holds {network} (tensor {sign}): {advice}")
    known = {layout.name: sum(layout.knows(name) for name in weights) for layout in LAYOUTS}
    best = max(LAYOUTS, key=lambda layout: known[layout.name])
    if 2 * known[best.name] < len(weights) or not weights:
        first = next(iter(weights), "none")
        raise UserError(
            f"checkpoint {source} holds no MobileViT: its {len(weights)} tensors (first: {first}) bear none of the "
            f"names of {', '.join(layout.name for layout in LAYOUTS)}: {advice}"
        )
    return best
