"""What became of each image in each model, and the figures that follow: top-1, top-5, mean IoU, paired drops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference.confusion import iou

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

    def figures(self) -> dict[str, np.ndarray]:
        """What the accuracies are means of, by their names: [images] each."""
        return {"top-1": self.rank == 0, "top-5": self.rank < TOP}

    def percent(self, name: str, times: np.ndarray | None = None) -> float:
        """An accuracy, 0..100; `times`: how often each image counts, [images]; None: once."""
        return 100 * float(np.average(self.figures()[name], weights=times))

    def per_class(self, classes: int) -> np.ndarray:
        """Top-1 of each class, 0..100, NaN for one without images."""
        right, all_of = (
            np.bincount(self.truth[chosen], minlength=classes) for chosen in (self.rank == 0, self.rank >= 0)
        )
        return np.where(all_of > 0, 100 * right / np.maximum(all_of, 1), np.nan)

    def quality(self) -> np.ndarray:
        """How good each answer is: the probability of the truth, [images]."""
        return self.probability


@dataclass(frozen=True)
class Segmented:
    """A segmenter's answers: of each image how many pixels of a class got which, int [images, truth, answer]."""

    confusion: np.ndarray

    def figures(self) -> dict[str, np.ndarray]:
        """See Classified; mean IoU is of all pixels together, and so no mean over images."""
        return {"mIoU": self.confusion}

    def percent(self, name: str, times: np.ndarray | None = None) -> float:
        """Mean IoU over the classes that occur, 0..100; see Classified."""
        weights = np.ones(len(self.confusion)) if times is None else times.astype(np.float64)
        return float(np.nanmean(_iou(np.tensordot(weights, self.confusion.astype(np.float64), axes=1))))

    def per_class(self, classes: int) -> np.ndarray:
        """IoU of each class, 0..100, NaN for one that does not occur."""
        return _iou(self.confusion.sum(axis=0))

    def quality(self) -> np.ndarray:
        """Share of right pixels of each image, 0..1."""
        right = np.trace(self.confusion, axis1=1, axis2=2)
        return right / np.maximum(self.confusion.sum(axis=(1, 2)), 1)


Outcome = Classified | Segmented


def drop(reference: Outcome, artifact: Outcome, name: str) -> tuple[float, float, float]:
    """Points that the artifact lies below the reference, and the 95 % interval of a paired bootstrap over images."""
    images = len(reference.quality())
    draws = np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    drops = [reference.percent(name, times) - artifact.percent(name, times) for times in draws]
    low, high = np.percentile(drops, (2.5, 97.5))
    return reference.percent(name) - artifact.percent(name), float(low), float(high)


def _iou(confusion: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100 * iou(confusion)
