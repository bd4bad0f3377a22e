"""A file that takes its runtime with it is a failed check of that file alone, in every command that runs files."""

from __future__ import annotations

import dataclasses
import os
import shutil

import pytest

from reference.manifest import manifest_path
from validation import accuracy, parity
from validation.__main__ import main
from validation.results import FAILED
from validation.runtimes import RUNTIMES

from .mistaken import describe_anew

UNRULY = {
    "crash": "crash.tflite: LiteRT ended its process by SIGSEGV (Segmentation fault)",
    "hang": "hang.tflite: LiteRT took more than 4 s of processor time",
    "memory": "memory.tflite: LiteRT asked for more than 2.02 GiB of memory",
    "error": r"error.tflite: LiteRT raised KeyError: 'no such thing\nand more'",  # as repr has it
}


@pytest.fixture
def files(tflite, tmp_path, monkeypatch):
    """name -> an artifact whose runtime does that; "sound" is."""
    kind = dataclasses.replace(RUNTIMES["litert"], module="tests.validation.unruly", class_name="UnrulyRuntime")
    monkeypatch.setitem(RUNTIMES, "litert", kind)
    monkeypatch.setattr("validation.runtimes.apart.ANY", 3.0)
    written = tflite("float16").path

    def make(name: str):
        path = tmp_path / f"{name}.tflite"
        shutil.copy(written, path)
        shutil.copy(manifest_path(written), manifest_path(path))
        return path

    return make


def test_the_others_pass(files, photographs):
    *bad, good = parity([*map(files, UNRULY), files("sound")], images=photographs[:1])
    for kind, found in zip(UNRULY, bad):
        (failed,) = [check for check in found.checks if check.verdict == "FAIL"]
        assert (failed.check, failed.reason) == ("run", UNRULY[kind])
    assert {check.verdict for check in good.checks} == {"PASS"}


@pytest.mark.parametrize(
    "command", ["classify", *(pytest.param(each, marks=pytest.mark.deep) for each in ("accuracy", "latency", "drift"))]
)
def test_commands_go_on(files, photographs, tmp_path, capfd, command):
    photographs[0].save(tmp_path / "picture.png")
    more = {
        "classify": ["--image", str(tmp_path / "picture.png")],
        "accuracy": ["--images", "3", "--jobs", "1"],
        "latency": ["--runs", "1", "--warmup", "1"],
        "drift": ["--images", "3", "--jobs", "1"],
    }[command]
    found = main([command, str(files("crash")), str(files("sound")), *more])
    told = " ".join(capfd.readouterr().out.split())
    assert found == FAILED, told
    assert "sound.tflite" in told
    assert "SIGSEGV" in told


def test_an_artifact_that_fails_on_the_way_is_measured_no_further(files, tmp_path):
    """Of the others the numbers are as without it."""
    given = {"images": 30, "journal_folder": tmp_path / "notes"}
    together, alone = (accuracy(each, **given) for each in ([files("later"), files("sound")], [files("sound")]))
    assert [each.label for each in together.failed] == ["later.tflite"]
    assert (together.artifacts[0].outcome.rank == alone.artifacts[0].outcome.rank).all()
    assert list((tmp_path / "notes").iterdir()) == []


def test_localize_says_why(files, capfd):
    path = files("cut")
    path.write_bytes(path.read_bytes()[:1_000_000])
    describe_anew(path)
    assert main(["localize", str(path)]) == FAILED
    assert "FAIL: LiteRT cannot load" in capfd.readouterr().out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="NOT RUN: there are no pipes in folders here")
@pytest.mark.parametrize("command", ["structure", "parity"])
@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".mlpackage"])
def test_pipes_are_no_artifacts(tmp_path, capfd, command, suffix):
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    manifest_path(path).write_text("{}")
    found = main([command, str(path)])
    said = capfd.readouterr()
    assert (found, said.err.count("\n")) == ((1, 0) if command == "parity" else (2, 1)), said
