"""How far an artifact may lie from the reference, by what its numbers are; each bound with its reason.

One figure says what a number format costs: the noise that it adds to the last layer's values, in units of their
standard deviation over the classes or channels. What that does to an answer follows from the answer: the softmax of a
sure answer hides noise, and between two classes that are nearly equal it turns the choice. So the bounds fit any
network, image size and set of images, a golden set of four pictures as well as a folder of hundreds.

A bound is no wish: `noise` is some 2.5 times what sound artifacts of the bundled checkpoints show (`python -m
validation parity`), of float32 eight times, and well inside what the mistakes of tests/validation/test_mistakes.py
cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import UserError
from .manifest import ArtifactFacts
from .tensor_specs import Meaning

PEAK = 1.5  # of a bound's noise, and so nearly four standard deviations of a sound artifact's: no value lies beyond
VALUES = 1 / 1.5  # of a bound's noise: logits and features average theirs, which few unsure answers do not
DEVIATIONS = 3.0  # of a count of images, in standard deviations: beyond lies one count in 700
SMALLEST = 1e-12  # probabilities below count as this: their logarithm says nothing more of the logits
ROUNDING = 2.0**-23  # of float32 answers, of both: all that is left where every image gets the same one


@dataclass(frozen=True)
class Tolerance:
    """Bounds by metric, and why they are what they are."""

    bounds: dict[str, float]
    reason: str


@dataclass(frozen=True)
class Numbers:
    """What an artifact computes with, and how close that can come.

    noise: of the last layer's values, see above; agreement: share of pixels with the same class; anew: whether another
    processor draws that noise anew, since values are rounded as they run, or ranges, tables or biases were measured.
    """

    noise: float
    agreement: float
    reason: str
    anew: bool = True

    @property
    def layer_db(self) -> float:
        """What a single sound layer reaches, dB: the root of the whole network's, as small layers vary most."""
        return float(-10 * np.log10(self.noise))


# Keys: what manifests say of compression, where formats differ with the format, or without one format and precision.
# float32: some 300 roundings of 2**-24 each, one after the other, are 17 of them; eight times that. float16: a rounded
# weight is off by up to 2**-11 of itself; five times that, and sixteen times where each result is rounded too.
NUMBERS: dict[str, Numbers] = {
    "float32": Numbers(8 * 17 * 2**-24, 0.999, "float32 throughout: only the order of sums differs", anew=False),
    "tflite float16": Numbers(5 * 2**-11, 0.998, "weights rounded to 11 bits, activations float32", anew=False),
    "onnx float16": Numbers(5 * 2**-11, 0.998, "weights rounded to 11 bits, activations float32", anew=False),
    "mlpackage float16": Numbers(16 * 2**-11, 0.997, "weights and every activation rounded to 11 bits"),
    "aimodel float16": Numbers(16 * 2**-11, 0.997, "weights and every activation rounded to 11 bits"),
    "mlpackage mixed": Numbers(16 * 2**-11, 0.997, "float16 but for what would overflow"),
    "int8": Numbers(0.05, 0.98, "weights rounded to 8 bits, a scale for each output channel"),
    "onnx int8": Numbers(0.2, 0.93, "weights of 7 bits, activations of 8, one scale for each tensor of activations"),
    "int8-weight": Numbers(0.11, 0.98, "weights rounded to 8 bits, a scale for each output channel", anew=False),
    "int8-dynamic": Numbers(0.11, 0.97, "the same, and 8 bits for what matrices take, by each image's own range"),
    "tflite int8": Numbers(0.2, 0.94, "weights and most activations of 8 bits, one scale for each tensor"),
    "int8-full": Numbers(0.22, 0.93, "weights and all activations of 8 bits, softmax and norms too"),
    "int16x8": Numbers(0.11, 0.97, "weights of 8 bits, activations of 16"),
    "palettize8": Numbers(0.05, 0.98, "weights out of 256 values for each tensor"),
    "palettize6": Numbers(0.24, 0.95, "weights out of 64 values for each tensor"),
    "palettize4": Numbers(0.8, 0.8, "weights out of 16 values for each tensor: visibly worse"),
    "w8a8": Numbers(0.38, 0.9, "weights and activations of 8 bits, one scale for each tensor of activations"),
    # A recipe of the user's own, by the bits of the coarsest numbers that it names: as the kit's own mode that rounds
    # as coarsely. 4 bits at even steps have 1.5 times the squared error of a palette's 16 values, on rows of a hundred
    # normal values, and so 1.25 times its noise.
    "recipe16": Numbers(5 * 2**-11, 0.998, "weights rounded to 11 bits by rules of its own", anew=False),
    "recipe8": Numbers(0.22, 0.93, "weights and activations of 8 bits at the coarsest, by rules of its own"),
    "recipe4": Numbers(1.0, 0.75, "weights of 4 bits at the coarsest, by rules of its own: visibly worse"),
}


def numbers_of(facts: ArtifactFacts) -> Numbers:
    """What an artifact computes with; UserError for numbers without a tolerance."""
    coarsest = facts.precision if facts.compression == "none" else facts.compression
    for key in (f"{facts.format} {coarsest}", coarsest):
        if key in NUMBERS:
            return NUMBERS[key]
    raise UserError(f"{facts.file}: there is no tolerance for {facts.precision}, compression {facts.compression}")


def tolerance(facts: ArtifactFacts, meaning: Meaning, expected: np.ndarray) -> Tolerance:
    """The bounds for the reference's answers `expected`, [images, classes or channels, ...] of this meaning."""
    numbers = numbers_of(facts)
    if meaning == "class_map":
        return Tolerance({"pixel_agreement": numbers.agreement}, numbers.reason)
    values = expected.astype(np.float64)
    of_meaning = {"probabilities": _of_probabilities, "scores": _of_scores, "values": _of_numbers}
    return Tolerance(of_meaning.get(meaning, _of_values)(values, numbers), numbers.reason)


def _of_probabilities(p: np.ndarray, numbers: Numbers) -> dict[str, float]:
    """[images, classes]."""
    logits = np.log(np.maximum(p, SMALLEST))
    noise = numbers.noise * _deviation(logits)
    # dp_i = p_i * (d_i - sum_j p_j * d_j), for independent noises d of the logits.
    squares = p**2
    variance = noise**2 * squares * ((1 - p) ** 2 + squares.sum(axis=1, keepdims=True) - squares)
    variance += ROUNDING**2 * squares
    first, second = np.moveaxis(np.sort(logits, axis=1)[:, :-3:-1], 1, 0)
    turned = _normal_tail((first - second) / (2**0.5 * noise))
    others = turned.sum() + DEVIATIONS * np.sqrt((turned * (1 - turned)).sum())
    return {
        "max_abs_error": float(min(1.0, PEAK * np.sqrt(variance.max()))),
        "sqnr_db": _db(squares.sum(), variance.sum()),
        # Whole images: what falls short of half of one is none.
        "top1_agreement": float(max(0.0, 1 - np.round(others) / len(p))),
    }


def _of_scores(s: np.ndarray, numbers: Numbers) -> dict[str, float]:
    """[images, labels]: ds = s * (1 - s) * d for a noise d of the logit."""
    logits = np.log(np.maximum(s, SMALLEST)) - np.log(np.maximum(1 - s, SMALLEST))
    noise = np.hypot(numbers.noise * _size(logits) * s * (1 - s), ROUNDING * s)
    return {
        "max_abs_error": float(min(1.0, PEAK * noise.max())),
        "sqnr_db": _db(np.square(s).sum(), np.square(noise).sum()),
    }


def _of_numbers(values: np.ndarray, numbers: Numbers) -> dict[str, float]:
    """Of a regression, [images, labels]."""
    noise = numbers.noise * _size(values)
    return {
        "max_abs_error": PEAK * noise,
        "sqnr_db": _db(np.square(values).mean(), noise**2),
    }


def _of_values(values: np.ndarray, numbers: Numbers) -> dict[str, float]:
    """Logits or features, [images, channels, ...]; the noise is alike in all images, faint ones too."""
    signal = np.square(values).reshape(len(values), -1).sum(axis=1)
    power = (VALUES * numbers.noise * _deviation(values)) ** 2 * values[0].size
    return {
        "sqnr_db": _db(signal.sum(), power * len(values)),
        # Noise at a right angle to the signal, in the faintest image.
        "cosine": float(1 / np.sqrt(1 + power / signal.min())) if signal.min() > 0 else 0.0,
    }


def _deviation(values: np.ndarray) -> float:
    """The standard deviation over classes or channels, of all images and places together."""
    return float(np.sqrt(values.var(axis=1).mean()))


def _size(values: np.ndarray) -> float:
    """The same of labels that stand alone, of which there may be one, and few images: their root mean square."""
    return float(np.sqrt(np.square(values).mean()))


def _db(signal: float, noise: float) -> float:
    return float(10 * np.log10(signal / noise)) if noise > 0 else 0.0


def _normal_tail(deviations: np.ndarray) -> np.ndarray:
    """The probability that a normal value lies so many standard deviations above its mean, or more."""
    import torch

    return torch.special.ndtr(torch.from_numpy(-deviations)).numpy()
