"""What became of each image in each model, and the figures that follow: top-1, top-5, mean IoU, paired losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference.confusion import iou

from .independent import Regressed, Scored

RESAMPLES = 1000  # of the bootstrap
TOP = 5


@dataclass(frozen=True)
class Classified:
    """A classifier's answers.

    Arrays [images]: class indices, how many classes the model held for more probable than the true one, and the
    probability that it gave to the true one.
    """

    truth: np.ndarray
    answer: np.ndarray
    rank: np.ndarray
    probability: np.ndarray

    def figures(self) -> tuple[str, ...]:
        """The names of what can be measured, the one first that losses are told of."""
        return ("top-1", "top-5")

    def figure(self, name: str, times: np.ndarray | None = None) -> float:
        """An accuracy, 0..100; `times`: how often each image counts, [images]; None: once."""
        return 100 * float(np.average(self.rank < {"top-1": 1, "top-5": TOP}[name], weights=times))

    def unit(self, name: str) -> float:
        """Points that one image can move a figure by."""
        return 100 / len(self.rank)

    def per_class(self, classes: int) -> dict[str, np.ndarray]:
        """Figures of each class, [classes], by their names: top-1, 0..100, NaN for one without images."""
        right, all_of = (
            np.bincount(self.truth[chosen], minlength=classes) for chosen in (self.rank == 0, self.rank >= 0)
        )
        return {"top-1": np.where(all_of > 0, 100 * right / np.maximum(all_of, 1), np.nan)}

    def quality(self) -> np.ndarray:
        """How good each answer is: the probability of the truth, [images]."""
        return self.probability


@dataclass(frozen=True)
class Segmented:
    """A segmenter's answers: of each image how many pixels of a class got which, int [images, truth, answer]."""

    confusion: np.ndarray

    def figures(self) -> tuple[str, ...]:
        """See Classified; mean IoU is of all pixels together, and so no mean over images."""
        return ("mIoU",)

    def figure(self, name: str, times: np.ndarray | None = None) -> float:
        """Mean IoU over the classes that occur, 0..100; see Classified."""
        weights = np.ones(len(self.confusion)) if times is None else times.astype(np.float64)
        return float(np.nanmean(_iou(np.tensordot(weights, self.confusion.astype(np.float64), axes=1))))

    def unit(self, name: str) -> float:
        """See Classified; of images that show as much of each class."""
        return 100 / len(self.confusion)

    def per_class(self, classes: int) -> dict[str, np.ndarray]:
        """IoU of each class, 0..100, NaN for one that does not occur."""
        return {"IoU": _iou(self.confusion.sum(axis=0))}

    def quality(self) -> np.ndarray:
        """Share of right pixels of each image, 0..1."""
        right = np.trace(self.confusion, axis1=1, axis2=2)
        return right / np.maximum(self.confusion.sum(axis=(1, 2)), 1)


Outcome = Classified | Segmented | Scored | Regressed


def direction(outcome: Outcome) -> int:
    """1 where more is better, -1 where less is: of errors."""
    return -1 if isinstance(outcome, Regressed) else 1


def loss(reference: Outcome, artifact: Outcome, name: str) -> tuple[float, float, float]:
    """How much worse the artifact is than the reference, and the 95 % interval of a paired bootstrap over images.

    Of an accuracy the points that it lies below, of an error what comes on top. NaN where a figure is not finite.
    """
    sign = direction(reference)
    images = len(reference.quality())
    draws = np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    lost = sign * np.array([reference.figure(name, times) - artifact.figure(name, times) for times in draws])
    whole = sign * (reference.figure(name) - artifact.figure(name))
    if not np.isfinite(whole):
        return np.nan, np.nan, np.nan
    low, high = np.percentile(lost[np.isfinite(lost)], (2.5, 97.5))  # of few images a draw can miss every label
    return whole, float(low), float(high)


def _iou(confusion: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100 * iou(confusion)
