"""From a segmentation model's logits to the class of each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from .batches import BatchFeature
from .errors import UserError


def class_maps(logits: Any, target_sizes: Sequence[tuple[int, int]] | None, with_scores: bool) -> list[Any]:
    """See MobileViTImageProcessor.post_process_semantic_segmentation."""
    logits = logits if isinstance(logits, torch.Tensor) else torch.from_numpy(np.asarray(logits))
    if logits.ndim != 4:
        raise UserError(f"logits must be [batch, num_labels, height, width], not {list(logits.shape)}")
    scores = list(logits)
    if target_sizes is not None:
        if len(target_sizes) != len(scores):
            raise UserError(f"{len(target_sizes)} target sizes for {len(scores)} images: give one for each")
        scores = [_resized(each, int(height), int(width)) for each, (height, width) in zip(scores, target_sizes)]
    maps = [_classes(each) for each in scores]
    if not with_scores:
        return maps
    return [BatchFeature(segmentation=found, segmentation_scores=each) for found, each in zip(maps, scores)]


def _classes(scores: torch.Tensor) -> torch.Tensor:
    """[num_labels, h, w] -> [h, w]; of one label 1 where its probability, the sigmoid of its score, is above a half."""
    return scores.argmax(dim=0) if len(scores) > 1 else (scores[0] > 0).long()


def _resized(scores: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """[num_labels, h, w] -> [num_labels, height, width]"""
    return functional.interpolate(scores[None], size=(height, width), mode="bilinear", align_corners=False)[0]
