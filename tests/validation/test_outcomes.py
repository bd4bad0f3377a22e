"""Accuracies and their paired intervals, against textbook formulas."""

from __future__ import annotations

import numpy as np
import pytest

from validation.checks.accuracy.batches import _classified
from validation.checks.accuracy.outcomes import Classified, Segmented, loss


def classified(probabilities: np.ndarray, truth: np.ndarray) -> Classified:
    rows = np.array([_classified(each, int(label)) for each, label in zip(probabilities, truth)])
    return Classified(rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2].astype(int), rows[:, 3])


def test_top_1_and_top_5():
    generator = np.random.default_rng(0)
    probabilities, truth = generator.random((300, 12)), generator.integers(0, 12, 300)
    outcome = classified(probabilities, truth)
    order = np.argsort(-probabilities, axis=1)
    for name, count in (("top-1", 1), ("top-5", 5)):
        assert outcome.figure(name) == pytest.approx(100 * np.mean([t in o[:count] for t, o in zip(truth, order)]))
    right = order[:, 0] == truth
    assert outcome.per_class(13)["top-1"][:12] == pytest.approx(
        [100 * right[truth == label].mean() for label in range(12)]
    )
    assert np.isnan(outcome.per_class(13)["top-1"][12])


def test_nan_and_ties_are_not_right_by_chance():
    assert _classified(np.array([0.1, np.nan, 0.2]), 0)[2] == 3
    assert _classified(np.array([0.5, 0.5]), 0)[2] == 0
    assert _classified(np.array([0.5, 0.5]), 1)[2] == 1


def test_mean_iou_of_all_pixels_together():
    generator = np.random.default_rng(1)
    truth, answer = generator.integers(0, 3, (5, 400)), generator.integers(0, 3, (5, 400))
    confusion = np.zeros((5, 4, 4), int)
    for image in range(5):
        np.add.at(confusion[image], (truth[image], answer[image]), 1)
    expected = [100 * ((truth == c) & (answer == c)).sum() / ((truth == c) | (answer == c)).sum() for c in range(3)]
    outcome = Segmented(confusion)
    assert outcome.figure("mIoU") == pytest.approx(np.mean(expected))
    assert outcome.per_class(4)["IoU"][:3] == pytest.approx(expected)
    assert outcome.quality() == pytest.approx((truth == answer).mean(axis=1))


def test_the_interval_is_that_of_paired_differences():
    """The normal approximation for differences of paired shares, on answers that are strongly alike."""
    generator = np.random.default_rng(2)
    before = generator.random(3000) < 0.8
    after = np.where(generator.random(3000) < 0.05, ~before, before)
    truth = np.zeros(3000, int)
    outcomes = [Classified(truth, truth, np.where(right, 0, 9), right.astype(float)) for right in (before, after)]
    points, low, high = loss(*outcomes, "top-1")
    differences = 100 * (before.astype(float) - after)
    half = 1.96 * differences.std() / np.sqrt(3000)
    assert points == pytest.approx(differences.mean())
    assert (low, high) == pytest.approx((points - half, points + half), abs=0.15 * half)
