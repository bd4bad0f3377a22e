"""Metrics of answers that are no numbers pass no bound."""

from __future__ import annotations

import numpy as np
import pytest

from validation.checks.metrics import HIGHEST_SQNR, METRICS, OF_MEANING, compare, sqnr_db


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("share", ["one", "all"])
@pytest.mark.parametrize("meaning", [each for each in OF_MEANING if each != "class_map"])
def test_what_is_no_number_passes_nothing(meaning, value, share):
    expected = np.random.default_rng(0).random((3, 7), np.float32)
    answer = expected.copy()
    answer[(0, 0) if share == "one" else ...] = value
    for name, figure in compare(meaning, expected, answer).items():
        loosest = -np.inf if METRICS[name].higher_is_better else np.inf
        assert not METRICS[name].passes(figure, loosest), (name, figure)


def test_signal_to_noise():
    expected = np.array([[3.0, 4.0]])
    assert sqnr_db(expected, expected) == HIGHEST_SQNR
    assert sqnr_db(expected, expected * 1.1) == pytest.approx(20)
    assert sqnr_db(np.zeros((1, 2)), expected) == -HIGHEST_SQNR
    assert np.isnan(sqnr_db(expected * np.nan, expected))
    assert np.isnan(sqnr_db(expected, expected * np.nan))
