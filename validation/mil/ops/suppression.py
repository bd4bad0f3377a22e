"""Non-maximum suppression."""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import op


@op("non_maximum_suppression", exact=True)
def non_maximum_suppression(
    boxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    max_boxes: int,
    score_threshold: float | None = None,
    per_class_suppression: bool = False,
) -> tuple[Tensor, ...]:
    """The best boxes of each image, without those that overlap a better one by more than iou_threshold.

    iOS15, iOS16: boxes [N, B, 4] as (x, y, width, height) around the centre, scores [N, B, K] -> boxes, scores, int32
    indices [N, max_boxes] and counts [N]. iOS17 on: [N, 4, B], [N, K, B], no score_threshold, no counts. Unused
    places are 0, their indices -1. A box counts by its best class; per_class_suppression compares boxes of the same
    one only. When no box reaches the threshold the best one is returned all the same: coremltools' tests record
    that. Uncertain: the order of equal scores; here of their indices.
    """
    boxes_last = score_threshold is None
    if boxes_last:
        boxes, scores = boxes.transpose(1, 2), scores.transpose(1, 2)
    count = len(boxes)
    indices = torch.full((count, max_boxes), -1, dtype=torch.int32)
    for image in range(count):
        kept = _keep(boxes[image], scores[image], iou_threshold, max_boxes, score_threshold, per_class_suppression)
        indices[image, : len(kept)] = kept
    used = indices >= 0
    rows = indices.clamp(min=0).long()[..., None]
    chosen_boxes = boxes.gather(1, rows.expand(-1, -1, 4)) * used[..., None]
    chosen_scores = scores.gather(1, rows.expand(-1, -1, scores.shape[2])) * used[..., None]
    if boxes_last:
        return chosen_boxes.transpose(1, 2), chosen_scores.transpose(1, 2), indices
    return chosen_boxes, chosen_scores, indices, used.sum(1).int()


def _keep(
    boxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    max_boxes: int,
    score_threshold: float | None,
    per_class: bool,
) -> Tensor:
    """Indices of the boxes [B, 4] to keep, best first."""
    best, category = scores.max(1)
    overlaps = _overlap(boxes) > iou_threshold
    if per_class:
        overlaps &= category[:, None] == category
    order = torch.argsort(best, descending=True, stable=True)
    candidates = order if score_threshold is None else order[best[order] > score_threshold]
    kept: list[int] = []
    for index in candidates.tolist():
        if len(kept) == max_boxes:
            break
        if not overlaps[index, kept].any():
            kept.append(index)
    return torch.tensor(kept or order[:1].tolist(), dtype=torch.int32)[:max_boxes]


def _overlap(boxes: Tensor) -> Tensor:
    """Intersection over union of all pairs of boxes [B, 4]: [B, B]; 0 where a box is empty."""
    centre, size = boxes[:, :2], boxes[:, 2:]
    low, high = centre - size / 2, centre + size / 2
    common = (torch.minimum(high[:, None], high) - torch.maximum(low[:, None], low)).clamp(min=0).prod(-1)
    area = size.prod(-1)
    union = area[:, None] + area - common
    return torch.where((area[:, None] > 0) & (area > 0), common / union, torch.zeros_like(common))
