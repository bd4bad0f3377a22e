"""Bounds against noise that NumPy draws: on logits of known deviation, through a softmax of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.manifest import ArtifactFacts
from reference.tolerances import NUMBERS, tolerance
from validation.checks.metrics import METRICS, compare


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def facts(format="tflite", precision="float32", compression="none") -> ArtifactFacts:
    return ArtifactFacts(
        file="a", format=format, sha256="0" * 64, bytes=1, precision=precision, compression=compression
    )


KINDS = {
    "float32": facts(),
    "float16": facts(precision="float16"),
    "int8": facts(compression="int8"),
    "int8-dynamic": facts(compression="int8-dynamic"),
}


def judged(kind: str, meaning, expected: np.ndarray, answers: np.ndarray) -> list[str]:
    """The metrics that fall short."""
    bounds = tolerance(KINDS[kind], meaning, expected).bounds
    found = compare(meaning, expected, answers)
    return [name for name, bound in bounds.items() if not METRICS[name].passes(found[name], bound)]


def noise_of(kind: str) -> float:
    keys = {"float32": "float32", "float16": "tflite float16", "int8": "tflite int8", "int8-dynamic": "int8-dynamic"}
    return NUMBERS[keys[kind]].noise


def drawn(rng, images: int, classes: int, contrast: float) -> np.ndarray:
    return contrast * rng.normal(size=(images, classes)).astype(np.float64)


@settings(max_examples=80, derandomize=True)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    images=st.sampled_from([1, 2, 4, 16, 100]),
    classes=st.sampled_from([2, 6, 30, 1000]),
    contrast=st.sampled_from([0.5, 2.0, 5.0]),
    seed=st.integers(0, 10**6),
)
def test_sound_noise_passes_whatever_the_network_and_the_images(kind, images, classes, contrast, seed):
    """A quarter of a bound's noise, four standard deviations: one draw in 10,000 lies beyond."""
    rng = np.random.default_rng(seed)
    logits = drawn(rng, images, classes, contrast)
    deviation = logits.std(axis=1).mean() if images > 1 else logits.std()
    noisy = logits + rng.normal(size=logits.shape) * noise_of(kind) * deviation / 4
    assert judged(kind, "probabilities", softmax(logits), softmax(noisy)) == []
    assert judged(kind, "logits", logits, noisy) == []


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("classes", [6, 30, 1000])
def test_four_times_the_noise_fails(kind, classes):
    rng = np.random.default_rng(classes)
    logits = drawn(rng, 16, classes, 2.0)
    noisy = logits + rng.normal(size=logits.shape) * noise_of(kind) * 2.0 * 4
    assert "sqnr_db" in judged(kind, "probabilities", softmax(logits), softmax(noisy))
    assert "sqnr_db" in judged(kind, "logits", logits, noisy)


def test_a_sure_answer_is_held_closer_than_an_unsure_one():
    sure, unsure = (softmax(np.array([[margin, 0.0, -3.0]])) for margin in (9.0, 0.01))
    bounds = [tolerance(KINDS["int8"], "probabilities", each).bounds for each in (sure, unsure)]
    assert bounds[0]["max_abs_error"] < bounds[1]["max_abs_error"] / 50
    assert bounds[0]["top1_agreement"] == 1
    assert bounds[1]["top1_agreement"] == 0, "rounding decides, and one image is all there is"


@pytest.mark.parametrize("meaning", ["probabilities", "scores"])
def test_answers_that_are_all_alike_may_be_rounded(meaning):
    """As an untrained network gives them: no noise of its logits is left, but float32's own rounding is."""
    expected = np.full((2, 3), 1 / 3, np.float32)
    assert judged("float32", meaning, expected, expected) == []
    assert judged("float32", meaning, expected, np.nextafter(expected, 1)) == []
    assert "max_abs_error" in judged("float32", meaning, expected, expected + np.float32(1e-3))
