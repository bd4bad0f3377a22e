"""Figures of confusion matrices: of images by class, or of pixels."""

from __future__ import annotations

import numpy as np


def top_1(confusion: np.ndarray) -> float:
    """Share of right answers, 0..1, of a confusion matrix [truth, answer]."""
    return float(np.trace(confusion) / confusion.sum())


def iou(confusion: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, 0..1, of a confusion matrix [truth, answer] of pixels."""
    both = np.diag(confusion)
    return both / (confusion.sum(axis=0) + confusion.sum(axis=1) - both)


def mean_iou(confusion: np.ndarray) -> float:
    """Mean over the classes of `iou`, over the pixels of all images together, as Pascal VOC counts it."""
    return float(iou(confusion).mean())
