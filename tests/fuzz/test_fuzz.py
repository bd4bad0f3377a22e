"""A few mutations of each parser's file: no traceback, no hang, no crash, no more than 2 GiB. `make fuzz`: 20,000."""

from __future__ import annotations

import pytest

from .campaign import GOOD, Target, attack, table
from .targets import ARTIFACTS, CHEAP, CHECKPOINTS, targets_of

QUICK = ("manifest", "golden", "baseline", "labels.csv", "recipe", "preprocessor")
REST = sorted({*CHEAP, *CHECKPOINTS} - set(QUICK))
COUNTS = dict.fromkeys(CHEAP, 60) | dict.fromkeys(CHECKPOINTS, 15) | dict.fromkeys(ARTIFACTS, 8)


def assert_good(target: Target) -> None:
    tally = attack(target, seed=1, count=COUNTS[target.name])
    assert set(tally.outcomes) <= set(GOOD), "\n".join(table({target.name: tally}))
    assert tally.done == COUNTS[target.name]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(each, marks=pytest.mark.deep) for each in REST)])
def test_files_that_are_read(name, tmp_path):
    assert_good(*targets_of((name,), tmp_path, {}))


@pytest.mark.parametrize("name", ["mlpackage", "tflite", "onnx"])
def test_files_that_are_run(name, tmp_path, mlpackage, tflite, onnx_file):
    sound = {"mlpackage": lambda: mlpackage("float32"), "tflite": tflite, "onnx": onnx_file}[name]().path
    assert_good(*targets_of((name,), tmp_path, {name: sound}))


BAD = {"traceback": b"1/0", "hang": b"while 1: pass", "crash": b"import os; os.abort()", "memory": b"bytearray(2**40)"}


def test_what_is_wrong_is_seen_and_gone_on_from(tmp_path, monkeypatch):
    """A reader that runs what it reads."""
    monkeypatch.setattr("tests.fuzz.campaign.SECONDS", 1.0)
    kinds = [*BAD]
    target = Target("bad", tmp_path / "x.py", b"1", [lambda random, _: BAD[kinds.pop(0)]], "runpy:run_path")
    journal = tmp_path / "journal.json"
    first = attack(target, 0, 3, journal=journal)
    both = attack(target, 0, 4, journal=journal)
    assert (first.outcomes, both.outcomes) == (dict.fromkeys([*BAD][:3], 1), dict.fromkeys(BAD, 1))
    assert len(both.notes) == 4
    assert "bad 0: traceback: raised ZeroDivisionError: division by zero" in list(table({"bad": both}))
    with pytest.raises(AssertionError, match="the sound file of bad is traceback"):
        attack(Target("bad", target.path, b"1/0", (), "runpy:run_path"), 0, 1)
