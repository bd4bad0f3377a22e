"""How far answers lie from the expected ones. Nothing here knows how a model was made.

Arrays are [images, ...]. Where an answer is not finite `compare` gives NaN, which no bound lets pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reference.tensor_specs import Meaning

TOP = 5
HIGHEST_SQNR = 150.0  # dB; float32 itself rounds at about 144, so more would say nothing


@dataclass(frozen=True)
class Metric:
    """One way to compare; higher_is_better: which side of a bound passes; says: its name in tables."""

    measure: Callable[[np.ndarray, np.ndarray], float]
    higher_is_better: bool
    says: str

    def passes(self, value: float, bound: float) -> bool:
        """Whether `value` lies on the good side of `bound`, or on it; NaN never does."""
        return value >= bound if self.higher_is_better else value <= bound


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Scores of independent labels; small ones keep their digits, which rank images."""
    powers = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, powers) / (1 + powers)


def max_abs_error(expected: np.ndarray, answer: np.ndarray) -> float:
    """Largest difference of two values."""
    return float(np.abs(expected.astype(np.float64) - answer).max())


def sqnr_db(expected: np.ndarray, answer: np.ndarray) -> float:
    """Signal to quantisation noise, dB: power of the expected values over that of the differences."""
    signal = np.square(expected, dtype=np.float64).sum()
    noise = np.square(expected.astype(np.float64) - answer).sum()
    if not np.isfinite(signal + noise):
        return float("nan")
    if noise == 0:
        return HIGHEST_SQNR
    return min(HIGHEST_SQNR, float(10 * np.log10(signal / noise))) if signal > 0 else -HIGHEST_SQNR


def cosine(expected: np.ndarray, answer: np.ndarray) -> float:
    """Cosine of the angle between the vectors of an image, the smallest over the images."""
    a, b = (each.reshape(len(each), -1).astype(np.float64) for each in (expected, answer))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = (a * b).sum(axis=1)
    return float(np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1), products == lengths).min())


def top1_agreement(expected: np.ndarray, answer: np.ndarray) -> float:
    """Share of images whose most probable class is the expected one, 0..1."""
    return float((expected.argmax(axis=1) == answer.argmax(axis=1)).mean())


def top5_agreement(expected: np.ndarray, answer: np.ndarray) -> float:
    """Mean share of the expected five most probable classes that are among the answer's five, 0..1."""
    count = min(TOP, expected.shape[1])
    best = [np.argsort(-each, axis=1, kind="stable")[:, :count] for each in (expected, answer)]
    shared = [len(np.intersect1d(ours, theirs)) / count for ours, theirs in zip(*best)]
    return float(np.mean(shared))


def confidence_drift(expected: np.ndarray, answer: np.ndarray) -> float:
    """Mean change in the probability of the class that was expected to be the most probable, 0..1."""
    best = expected.argmax(axis=1)[:, None]
    change = np.take_along_axis(answer, best, axis=1) - np.take_along_axis(expected, best, axis=1)
    return float(np.abs(change).mean())


def kl_divergence(expected: np.ndarray, answer: np.ndarray) -> float:
    """Mean Kullback-Leibler divergence of the answer's probabilities from the expected ones, nats.

    Probabilities below 1e-12 count as 1e-12: an 8-bit answer has zeros, whose logarithm is infinite.
    """
    p, q = (np.clip(each.astype(np.float64), 1e-12, None) for each in (expected, answer))
    return float((p * np.log(p / q)).sum(axis=1).mean())


def pixel_agreement(expected: np.ndarray, answer: np.ndarray) -> float:
    """Share of pixels with the expected class, 0..1."""
    return float((expected == answer).mean())


def miou(expected: np.ndarray, answer: np.ndarray) -> float:
    """Mean over the classes that occur of intersection over union, over all pixels together, 0..1."""
    shares = []
    for label in np.union1d(expected, answer):
        ours, theirs = expected == label, answer == label
        shares.append((ours & theirs).sum() / (ours | theirs).sum())
    return float(np.mean(shares))


METRICS: dict[str, Metric] = {
    "max_abs_error": Metric(max_abs_error, False, "max |Δ|"),
    "sqnr_db": Metric(sqnr_db, True, "SQNR, dB"),
    "cosine": Metric(cosine, True, "cosine, worst image"),
    "top1_agreement": Metric(top1_agreement, True, "same top 1"),
    "top5_agreement": Metric(top5_agreement, True, "shared top 5"),
    "confidence_drift": Metric(confidence_drift, False, "change in confidence"),
    "kl_divergence": Metric(kl_divergence, False, "KL divergence, nats"),
    "pixel_agreement": Metric(pixel_agreement, True, "same pixels"),
    "miou": Metric(miou, True, "mIoU to the reference"),
}

_VECTORS = ("max_abs_error", "sqnr_db", "cosine")
OF_MEANING: dict[Meaning, tuple[str, ...]] = {
    "probabilities": (*_VECTORS, "top1_agreement", "top5_agreement", "confidence_drift", "kl_divergence"),
    "features": _VECTORS,
    "feature_map": _VECTORS,
    "logits": _VECTORS,
    "scores": _VECTORS,
    "values": _VECTORS,
    "class_map": ("pixel_agreement", "miou"),
}


def compare(meaning: Meaning, expected: np.ndarray, answer: np.ndarray) -> dict[str, float]:
    """All metrics that suit values of this meaning, by name; arrays [images, ...] of one shape."""
    if expected.shape != answer.shape:
        raise ValueError(f"expected shape {list(expected.shape)}, got {list(answer.shape)}")
    if not (np.isfinite(expected).all() and np.isfinite(answer).all()):
        return dict.fromkeys(OF_MEANING[meaning], float("nan"))
    return {name: METRICS[name].measure(expected, answer) for name in OF_MEANING[meaning]}
