"""Figures of independent labels and of values, against scikit-learn's, and what noise drawn anew makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, mean_absolute_error

from validation.baselines.allowances import ALLOWANCES, Sample
from validation.checks.accuracy.batches import of_answer
from validation.checks.accuracy.independent import Regressed, Scored
from validation.checks.accuracy.outcomes import loss

# A few sums of numbers up to 100 in float64.
EXACT = {"rel": 1e-9, "abs": 1e-9}


def names(count: int) -> list[str]:
    return [f"label {index}" for index in range(count)]


@st.composite
def scored(draw) -> tuple[Scored, np.ndarray]:
    """Answers with many equal scores, labels that no image has among them, and how often each image counts."""
    images, labels = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = rng.random((images, labels)) < draw(st.sampled_from([0.05, 0.3, 0.9]))
    scores = rng.integers(0, draw(st.sampled_from([2, 5, 1000])), (images, labels)) / 1000 + rng.integers(0, 2) / 2
    return Scored(truth, scores, names(labels)), rng.integers(0, 4, images)


@settings(max_examples=150)
@given(scored())
def test_average_precision_and_f1_are_scikit_learns(drawn):
    outcome, times = drawn
    occur = [label for label in range(outcome.truth.shape[1]) if (times @ outcome.truth)[label]]
    each = [
        (
            100 * average_precision_score(outcome.truth[:, label], outcome.scores[:, label], sample_weight=times),
            100 * f1_score(outcome.truth[:, label], outcome.scores[:, label] > 0.5, sample_weight=times),
        )
        for label in occur
    ]
    for name, expected in zip(("mAP", "macro F1"), zip(*each) if occur else [[], []]):
        measured = outcome.figure(name, times)
        assert measured == pytest.approx(np.mean(expected), **EXACT) if occur else np.isnan(measured)
    for label, (_, f1) in zip(occur, each):
        assert outcome.figure(f"F1, label {label}", times) == pytest.approx(f1, **EXACT)
    whole = np.repeat(np.arange(len(times)), times)
    again = Scored(outcome.truth[whole], outcome.scores[whole], outcome.labels)
    if occur:  # an image that counts twice is two images
        assert again.figure("mAP") == pytest.approx(outcome.figure("mAP", times), **EXACT)


def test_what_is_told_of_labels():
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]], bool)
    scores = np.array([[0.9, 0.2, 0.6], [0.5, 0.8, 0.1], [0.7, 0.9, 0.2], [0.6, 0.1, 0.0]])
    outcome = Scored(truth, scores, ["cat", "sea, eel", "cow"])
    assert outcome.figures() == ("mAP", "macro F1", "F1, cat", "F1, sea, eel")
    assert outcome.left_out() == ["cow"]
    assert outcome.figure("F1, cat") == pytest.approx(200 * 2 / 6), "0.5 is not above a half"
    assert outcome.figure("F1, sea, eel") == pytest.approx(200 * 1 / 3)
    assert outcome.per_class(3)["AP"] == pytest.approx([100 * (1 + 2 / 3 + 3 / 4) / 3, 50, np.nan], nan_ok=True)
    assert outcome.quality()[0] == pytest.approx((0.9 + 0.8 + 0.4) / 3)
    assert outcome.unit("F1, cat") == pytest.approx(100 / 3)
    assert outcome.unit("mAP") == pytest.approx(50 * np.sqrt((1 / 9 + 1) / 2))


def test_scores_that_are_no_numbers_are_wrong():
    answer = np.array([np.nan, np.nan, 0.5, np.inf], np.float32)
    assert of_answer("scores", answer, (0, 3)) == [1, 0, 0, 1, 0, 1, 0.5, 0]


def test_errors_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth, answer, times = rng.normal(size=(20, 3)), rng.normal(size=(20, 3)), rng.integers(0, 4, 20)
    outcome = Regressed(truth, answer, ["a", "b, c", "d"])
    assert outcome.figures() == ("MAE", "MAE, a", "MAE, b, c", "MAE, d")
    expected = mean_absolute_error(truth, answer, sample_weight=times, multioutput="raw_values")
    assert [outcome.figure(name, times) for name in outcome.figures()] == pytest.approx(
        [expected.mean(), *expected], **EXACT
    )
    assert outcome.per_class(3)["MAE"] == pytest.approx(np.abs(truth - answer).mean(axis=0))
    assert Regressed(truth[:, :1], answer[:, :1], ["a"]).figures() == ("MAE",)
    moved = outcome.moved(Regressed(truth, truth, outcome.labels))
    assert moved["error_change, d"] == pytest.approx(outcome.figure("MAE, d"))
    answer[3, 1] = np.nan
    broken = Regressed(truth, answer, outcome.labels)
    assert np.isnan(broken.figure("MAE"))
    assert broken.quality()[3] == -np.inf
    assert np.isnan(loss(outcome, broken, "MAE")).all()


def test_the_interval_of_an_error_is_that_of_paired_differences():
    """The normal approximation of the mean of paired differences; more error is a loss."""
    rng = np.random.default_rng(1)
    truth, before = rng.normal(size=(2, 3000, 1))
    after = before + 0.1 * rng.normal(size=before.shape) + 0.02 * (before - truth)
    outcomes = [Regressed(truth, each, ["a"]) for each in (before, after)]
    lost, low, high = loss(*outcomes, "MAE")
    differences = outcomes[1].errors() - outcomes[0].errors()
    half = 1.96 * differences.std() / np.sqrt(3000)
    assert lost == pytest.approx(differences.mean())
    assert lost > 0
    assert (low, high) == pytest.approx((lost - half, lost + half), abs=0.15 * half)


def test_labels_that_a_draw_misses_do_not_spoil_the_interval():
    """Of three images one has the only label: a third of the draws to the third power have none."""
    truth = np.array([[1], [0], [0]], bool)
    outcomes = [Scored(truth, np.array([[score], [0.5], [0.5]]), ["cat"]) for score in (0.9, 0.1)]
    lost, low, high = loss(*outcomes, "mAP")
    assert lost == pytest.approx(100 - 100 / 3)
    assert 0 <= low <= lost <= high < 100


IMAGES = 500


def noisy(rng, logits: np.ndarray, truth: np.ndarray, noise: float) -> Scored:
    scores = 1 / (1 + np.exp(-(logits + noise * rng.normal(size=logits.shape))))
    return Scored(truth, scores, names(truth.shape[1]))


def test_label_figures_of_noise_drawn_anew_pass_and_of_broken_labels_do_not():
    """Noise of a twentieth of the logits' spread; a file that answers to one label of six at random is worse."""
    rng = np.random.default_rng(0)
    truth = rng.random((IMAGES, 6)) < [0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
    logits = 2 * rng.normal(size=truth.shape) + np.where(truth, 2, -2)
    exact = noisy(rng, logits, truth, 0)
    passed: dict[str, list[bool]] = {"mAP": [], "macro F1": []}
    broken = []
    for _ in range(100):
        before, after = (noisy(rng, logits, truth, 0.14) for _ in range(2))
        turned = (before.said() != exact.said()).any(axis=1).sum()
        for name, said in passed.items():
            sample = Sample(IMAGES, anew=True, turned=float(turned), unit=exact.unit(name))
            said.append(ALLOWANCES[name].passes(after.figure(name), before.figure(name), sample))
        scores = after.scores.copy()
        scores[:, 3] = rng.permutation(scores[:, 3])
        sample = Sample(IMAGES, anew=True, turned=float(turned), unit=exact.unit("F1, label 3"))
        worse = Scored(truth, scores, names(6)).figure("F1, label 3")
        broken.append(ALLOWANCES["F1"].passes(worse, before.figure("F1, label 3"), sample))
    assert min(map(np.mean, passed.values())) >= 0.99
    assert not any(broken)


@pytest.mark.parametrize("noise", [0.02, 0.3, 2.0])
def test_errors_of_noise_drawn_anew_pass_and_of_a_shift_do_not(noise):
    """Noise of any size beside the errors; a shift by what noise moves an error is a loss once it shows."""
    rng = np.random.default_rng(0)
    truth = 100 * rng.random((IMAGES, 1))
    answer = truth + rng.normal(size=truth.shape)
    exact = Regressed(truth, answer, ["a"])
    allowed, passed = ALLOWANCES["MAE"], []
    for _ in range(200):
        before, after = (Regressed(truth, answer + noise * rng.normal(size=truth.shape), ["a"]) for _ in range(2))
        moved = before.moved(exact)["error_change"]
        sample = Sample(IMAGES, anew=True, moved=moved, unit=exact.unit("MAE"))
        passed.append(allowed.passes(after.figure("MAE"), before.figure("MAE"), sample))
    assert np.mean(passed) >= 0.99
    shifted = Regressed(truth, answer + 3 + noise, ["a"])
    assert not allowed.passes(shifted.figure("MAE"), before.figure("MAE"), sample)
