"""Answers whose numbers stand alone: scores of independent labels, and values of a regression.

Both are what `outcomes` says an outcome is. A figure of one label is called after it: "F1, cat".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

HALF = 0.5  # a score above it says that the label is there


@dataclass(frozen=True)
class _Ranks:
    """Of each label the images by falling score, order: [labels, images]; and what is true, in flat places there.

    places: of each image that has a label; label: which; last: the last place of the same score; before, after: how
    many of `places` lie before the label's own, and up to `last`.
    """

    order: np.ndarray
    places: np.ndarray
    label: np.ndarray
    last: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class Scored:
    """Scores of labels that are true or not, each on its own.

    truth: bool [images, labels]; scores: 0..1, [images, labels]; labels: their names.
    """

    truth: np.ndarray
    scores: np.ndarray
    labels: list[str]

    def figures(self) -> tuple[str, ...]:
        """Means over the labels that occur, then F1 of each of these."""
        return ("mAP", "macro F1", *(f"F1, {label}" for label, count in zip(self.labels, self._counts) if count))

    def figure(self, name: str, times: np.ndarray | None = None) -> float:
        """Percent, 0..100; see Classified. Means are over the labels that occur, in each draw of images anew."""
        kind, _, label = name.partition(", ")
        if label:
            return float(self._f1(times)[self.labels.index(label)])
        each = self._average_precision(times) if kind == "mAP" else self._f1(times)
        known = each[~np.isnan(each)]
        return float(known.mean()) if known.size else float("nan")

    def unit(self, name: str) -> float:
        """Points that one image can move a figure by: of a label found in P images, 100 / P, or little more.

        For the means over L labels, L times less, and the root mean square over which label it is.
        """
        _, _, label = name.partition(", ")
        if label:
            return 100 / float(self._counts[self.labels.index(label)])
        counts = self._counts[self._counts > 0]
        return 100 / len(counts) * float(np.sqrt(np.square(1 / counts).mean()))

    def per_class(self, classes: int) -> dict[str, np.ndarray]:
        """Average precision and F1 of each label, 0..100, NaN for one that no image has."""
        return {"AP": self._average_precision(None), "F1": self._f1(None)}

    def quality(self) -> np.ndarray:
        """How good each answer is: the mean over the labels of the probability of what is true, [images]."""
        return np.where(self.truth, self.scores, 1 - self.scores).mean(axis=1)

    def said(self) -> np.ndarray:
        """Which labels the answers say are there, bool [images, labels]."""
        return self.scores > HALF

    def left_out(self) -> list[str]:
        """The labels that no image has, of which nothing can be measured."""
        return [label for label, count in zip(self.labels, self._counts) if not count]

    @cached_property
    def _counts(self) -> np.ndarray:
        """How many images have each label."""
        return self.truth.sum(axis=0)

    def _f1(self, times: np.ndarray | None) -> np.ndarray:
        """Of each label, 0..100: twice what is found rightly, by what is said and what is true together."""
        times = np.ones(len(self.truth)) if times is None else times
        said = self.said()
        right, true = times @ (said & self.truth), times @ self.truth
        return np.where(true > 0, 200 * right / np.maximum(times @ said + true, 1), np.nan)

    def _average_precision(self, times: np.ndarray | None) -> np.ndarray:
        """Of each label, 0..100: the mean over its images of the precision at their scores.

        Images of equal scores are found together. Source: scikit-learn's average_precision_score.
        """
        known, count = self._ranks, len(self.labels)
        times = np.ones(len(self.truth)) if times is None else times
        counted = times[known.order].astype(np.float64)  # [labels, images], best score first
        said = np.cumsum(counted, axis=1).ravel()[known.last]
        true = counted.ravel()[known.places]
        found = np.concatenate([[0], np.cumsum(true)])
        right = found[known.after] - found[known.before]
        total = np.bincount(known.label, true, count)
        precision = np.bincount(known.label, true * right / np.maximum(said, 1), count)
        return np.where(total > 0, 100 * precision / np.maximum(total, 1), np.nan)

    @cached_property
    def _ranks(self) -> _Ranks:
        order = np.argsort(-self.scores.T, axis=1, kind="stable")
        scores, truth = (np.take_along_axis(each.T, order, axis=1) for each in (self.scores, self.truth))
        labels, images = order.shape
        ends = np.hstack([scores[:, :-1] != scores[:, 1:], np.ones((labels, 1), bool)])
        places, ends = np.flatnonzero(truth), np.flatnonzero(ends)
        last = ends[np.searchsorted(ends, places)]
        label = places // images
        before, after = np.searchsorted(places, label * images), np.searchsorted(places, last, side="right")
        return _Ranks(order, places, label, last, before, after)


@dataclass(frozen=True)
class Regressed:
    """Values of a regression: truth, answer: [images, labels], in the checkpoint's own units; labels: their names."""

    truth: np.ndarray
    answer: np.ndarray
    labels: list[str]

    def figures(self) -> tuple[str, ...]:
        """Mean absolute error, of several labels the mean of theirs and then each one's."""
        return ("MAE", *(f"MAE, {label}" for label in self.labels if len(self.labels) > 1))

    def figure(self, name: str, times: np.ndarray | None = None) -> float:
        """In the values' own unit; see Classified. Not finite where an answer is not."""
        return float(np.average(self._of(self.errors(), name).mean(axis=1), weights=times))

    def unit(self, name: str) -> float:
        """The largest true value, in whose units float32 rounds; the mean over the labels that a figure is of."""
        return float(self._of(np.abs(self.truth), name).max(axis=0).mean())

    def per_class(self, classes: int) -> dict[str, np.ndarray]:
        """Mean absolute error of each label."""
        return {"MAE": self.errors().mean(axis=0)}

    def quality(self) -> np.ndarray:
        """How good each answer is, [images]: its errors in units of each label's largest true value, negative."""
        largest = np.abs(self.truth).max(axis=0)
        errors = np.nan_to_num(self.errors(), nan=np.inf, posinf=np.inf)
        return -(errors / np.where(largest > 0, largest, 1)).mean(axis=1)

    def errors(self) -> np.ndarray:
        """Absolute, [images, labels]."""
        return np.abs(self.answer - self.truth)

    def moved(self, reference: Regressed) -> dict[str, float]:
        """By how much the errors differ from the reference's, the mean over images, named as the figures are."""
        change = np.abs(self.errors() - reference.errors())
        return {name.replace("MAE", "error_change", 1): float(self._of(change, name).mean()) for name in self.figures()}

    def _of(self, numbers: np.ndarray, name: str) -> np.ndarray:
        """The columns [images, labels] that a figure is of."""
        _, _, label = name.partition(", ")
        return numbers[:, [self.labels.index(label)]] if label else numbers
