"""What the tests of the TF classes share: twins with the same weights, and images."""

from __future__ import annotations

import torch

import reference
from reference import MobileViTConfig
from reference.checkpoints import BUNDLED
from reference.initialise import randomise

DEMO = BUNDLED / "classification" / "xxs"
CLASSIFIER, SEGMENTER, BACKBONE = KINDS = (
    "MobileViTForImageClassification",
    "MobileViTForSemanticSegmentation",
    "MobileViTModel",
)
TINY = {
    "hidden_sizes": [16, 24, 32],
    "neck_hidden_sizes": [8, 8, 16, 16, 24, 24, 40],
    "expand_ratio": 2.0,
    "aspp_out_channels": 24,
    "image_size": 64,
}


def pair(kind: str, *arguments, **fields):
    """The PyTorch model and its TF twin, with the same well-scaled weights."""
    model = getattr(reference, kind)(MobileViTConfig(**fields), *arguments)
    randomise(model, seed=3)
    return model.eval(), getattr(reference, f"TF{kind}")(model.config, source=model)


def pixels(batch: int, height: int, width: int) -> torch.Tensor:
    coarse = torch.rand((batch, 3, 7, 7), generator=torch.Generator().manual_seed(width))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
