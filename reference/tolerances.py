"""How far an artifact may lie from the reference, by what its numbers are; each bound with its reason.

A bound is no wish: it lies some two or three times off what sound artifacts of the bundled checkpoints show (`python -m
validation parity`), and well inside what the mistakes of tests/validation/test_mistakes.py cost.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import UserError
from .manifest import ArtifactFacts, Meaning


@dataclass(frozen=True)
class Tolerance:
    """Bounds by metric, and why they are what they are; layer_db: what a single sound layer reaches, dB."""

    bounds: dict[str, float]
    layer_db: float
    reason: str


@dataclass(frozen=True)
class Numbers:
    """What an artifact computes with, and how close that can come.

    sqnr_db, max_abs_error: of probabilities, features and logits; agreement: share of images with the same top class,
    and of pixels with the same class.
    """

    sqnr_db: float
    max_abs_error: float
    agreement: float
    reason: str


# Keys: what manifests say of compression, where formats differ with the format, or without one format and precision.
NUMBERS: dict[str, Numbers] = {
    "float32": Numbers(90, 1e-4, 0.999, "float32 throughout: only the order of sums differs"),
    "tflite float16": Numbers(55, 5e-3, 0.998, "weights rounded to 11 bits, activations float32"),
    "onnx float16": Numbers(55, 5e-3, 0.998, "weights rounded to 11 bits, activations float32"),
    "mlpackage float16": Numbers(45, 1e-2, 0.997, "weights and every activation rounded to 11 bits"),
    "mlpackage mixed": Numbers(45, 1e-2, 0.997, "float16 but for what would overflow"),
    "int8": Numbers(30, 0.08, 0.98, "weights rounded to 8 bits, a scale for each output channel"),
    "onnx int8": Numbers(
        16, 0.25, 0.93, "weights of 7 bits, activations of 8, one scale for each tensor of activations"
    ),
    "int8-weight": Numbers(23, 0.08, 0.98, "weights rounded to 8 bits, a scale for each output channel"),
    "int8-dynamic": Numbers(25, 0.1, 0.97, "the same, and 8 bits for what matrices take, by each image's own range"),
    "tflite int8": Numbers(18, 0.2, 0.94, "weights and most activations of 8 bits, one scale for each tensor"),
    "int8-full": Numbers(16, 0.2, 0.93, "weights and all activations of 8 bits, softmax and norms too"),
    "int16x8": Numbers(25, 0.1, 0.97, "weights of 8 bits, activations of 16"),
    "palettize8": Numbers(30, 0.08, 0.98, "weights out of 256 values for each tensor"),
    "palettize6": Numbers(16, 0.3, 0.95, "weights out of 64 values for each tensor"),
    "palettize4": Numbers(5, 0.8, 0.8, "weights out of 16 values for each tensor: visibly worse"),
    "w8a8": Numbers(12, 0.4, 0.9, "weights and activations of 8 bits, one scale for each tensor of activations"),
}

# Which metrics are bounded, by what an answer means; the others are only reported.
_BOUNDED: dict[Meaning, tuple[str, ...]] = {
    "probabilities": ("max_abs_error", "sqnr_db", "top1_agreement"),
    "features": ("sqnr_db", "cosine"),
    "logits": ("sqnr_db", "cosine"),
    "class_map": ("pixel_agreement",),
}


def numbers_of(facts: ArtifactFacts) -> str:
    """The key of NUMBERS that fits an artifact; UserError for numbers without a tolerance."""
    for key in (
        f"{facts.format} {facts.compression}",
        facts.compression,
        f"{facts.format} {facts.precision}",
        facts.precision,
    ):
        if key in NUMBERS:
            return key
    raise UserError(f"{facts.file}: there is no tolerance for {facts.precision}, compression {facts.compression}")


def tolerance(facts: ArtifactFacts, meaning: Meaning, images: int) -> Tolerance:
    """The bounds for an answer of this meaning, on so many images."""
    numbers = NUMBERS[numbers_of(facts)]
    known = {
        "max_abs_error": numbers.max_abs_error,
        "sqnr_db": numbers.sqnr_db,
        # Noise of that power, at a right angle to the signal.
        "cosine": 1 / (1 + 10 ** (-numbers.sqnr_db / 10)) ** 0.5,
        "pixel_agreement": numbers.agreement,
        # One image in few may always lie on the border between two classes.
        "top1_agreement": min(numbers.agreement, 1 - 1 / images),
    }
    return Tolerance({metric: known[metric] for metric in _BOUNDED[meaning]}, numbers.sqnr_db / 2, numbers.reason)
