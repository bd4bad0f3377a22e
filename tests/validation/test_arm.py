"""Artifacts on an ARM processor, emulated where the machine has none; and what becomes of a process that dies there."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reference.errors import UserError
from reference.manifest import read_manifest
from reference.tolerances import tolerance
from validation import parity, verdict
from validation.__main__ import main
from validation.artifact import Artifact, app_processor, open_artifacts
from validation.checks.metrics import METRICS, compare
from validation.results import NOT_RUN_BUT_REQUIRED
from validation.runtimes import Options, interpreters, load

ROOT = Path(__file__).parent.parent.parent
OLDER = "neoverse-n1"  # 8-bit dot products, but neither matrix products nor bfloat16
OLDEST = "cortex-a53"  # no dot products
PARENT = """
import os, sys
from validation.runtimes import arm
print(arm.Emulated("LiteRT", "any", sys.argv[1], 1, "AUTO")._process.pid, flush=True)
held = arm.Emulated("LiteRT", "any", sys.argv[1], 1, "AUTO")
print(held._process.pid, flush=True)
os.kill(os.getpid(), int(sys.argv[2]))
"""


@pytest.fixture
def python(tmp_path, monkeypatch):
    """script -> what stands for the ARM Python; its first argument is the processor."""
    monkeypatch.setenv("MOBILEVIT_ARM", str(tmp_path))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    def write(script: str) -> None:
        (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "python").chmod(0o755)

    return write


HERE = f'shift; exec "{sys.executable}" "$@"'  # this machine's own Python


def crop_of(artifact, photographs) -> np.ndarray:
    return app_processor(artifact.manifest).resize_and_crop(photographs[0])


def on_arm(artifact, photographs, runtime, processor):
    """Its parity; skips where there is no ARM, which continuous integration does not forgive."""
    options = Options(arm_processor=processor)
    (found,) = parity([artifact], images=photographs[:2], runtimes=[runtime], options=options)
    if verdict([found]) == "NOT RUN":
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"NOT RUN: {found.checks[0].reason}")
    assert verdict([found]) == "PASS", found.checks
    return found.answers


@pytest.mark.parametrize(
    ("mode", "processor"),
    [
        ("float16", None),
        ("int8", None),
        ("int8-full", None),
        ("int8-full", OLDER),
        pytest.param("float16", OLDER, marks=pytest.mark.deep),
        pytest.param("int8", OLDER, marks=pytest.mark.deep),
        pytest.param("int8", OLDEST, marks=pytest.mark.deep),
        pytest.param("int8-full", OLDEST, marks=pytest.mark.deep),
        pytest.param("int8-weight", None, marks=pytest.mark.deep),
        pytest.param("int8-dynamic", None, marks=pytest.mark.deep),
    ],
)
def test_tflite(tflite, photographs, mode, processor):
    """Within the mode's bounds. Where activations are float32, ARM differs from here by the order of sums alone."""
    artifact = tflite(mode).path
    answers = on_arm(artifact, photographs, "litert-arm64", processor)
    if mode == "float16":
        (here,) = parity([artifact], images=photographs[:2], runtimes=["litert"])
        found = compare("probabilities", here.answers, answers)
        as_float32 = read_manifest(artifact).artifact.model_copy(update={"precision": "float32"})
        bounds = tolerance(as_float32, "probabilities", here.answers).bounds
        assert all(METRICS[name].passes(found[name], bound) for name, bound in bounds.items()), found


@pytest.mark.parametrize(
    ("mode", "processor"),
    [
        ("none", None),
        pytest.param("none", OLDER, marks=pytest.mark.deep),
        pytest.param("int8", None, marks=pytest.mark.deep),
        pytest.param("int8", OLDER, marks=pytest.mark.deep),
    ],
)
def test_onnx(onnx_file, photographs, mode, processor):
    on_arm(onnx_file(mode).path, photographs[:1], "onnxruntime-arm64", processor)


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_another_process_answers_as_this_one(request, python, photographs, format):
    """Bit by bit, with this machine's Python in place of ARM's; and looks inside as this one does."""
    python(HERE)
    fixture, key = {"tflite": ("tflite", "litert"), "onnx": ("onnx_file", "onnxruntime")}[format]
    (artifact,) = open_artifacts([request.getfixturevalue(fixture)("none").path])
    pixels = crop_of(artifact, photographs)
    there, here = (load(artifact, name) for name in (f"{key}-arm64", key))
    np.testing.assert_array_equal(there.run(pixels), here.run(pixels))
    np.testing.assert_array_equal(there.run(pixels[::-1]), here.run(pixels[::-1]))
    pairs = list(zip(there.convolutions(pixels), here.convolutions(pixels)))
    assert len(pairs) > 20
    assert all(a.name == b.name and np.array_equal(a.value, b.value) for a, b in pairs)


def test_the_processor_is_passed_on(python, tflite, tmp_path):
    (artifact,) = open_artifacts([tflite("none").path])
    python(f'echo "$1" >> {tmp_path}/asked; {HERE}')
    for processor in (None, OLDER):
        load(artifact, "litert-arm64", Options(arm_processor=processor))
    newest, older = (tmp_path / "asked").read_text().split()
    assert newest.split(",")[0] == "max"
    assert older == OLDER


def test_an_arm_machine_needs_no_other(python, tflite, monkeypatch):
    (artifact,) = open_artifacts([tflite("none").path])
    for machine in ("aarch64", "arm64"):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        loaded = load(artifact, "litert-arm64")
        assert isinstance(loaded._opened, interpreters.LiteRT)


def test_without_an_arm_python_it_is_not_run(python, tflite, tmp_path, capfd):
    command = ["parity", str(tflite("none").path), "--runtimes", "litert-arm64"]
    assert main([*command, "--json", str(tmp_path / "found.json")]) == NOT_RUN_BUT_REQUIRED
    (check,) = json.loads((tmp_path / "found.json").read_text())["results"][0]["checks"]
    assert check["verdict"] == "NOT RUN"
    assert ".ci/arm install" in check["reason"]
    assert str(tmp_path) in check["reason"]


def test_a_file_that_cannot_be_loaded_there(python, tflite, tmp_path):
    python(HERE)
    path = tmp_path / "broken.tflite"
    path.write_bytes(tflite("none").path.read_bytes()[:1000])
    with pytest.raises(UserError, match="LiteRT cannot load .*broken.tflite: on the emulated ARM: ValueError: "):
        load(Artifact(path, path.name, tflite("none").manifest), "litert-arm64")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo first >&2; echo last words >&2; exit 3", "ended with 3: last words"),
        ("kill -SEGV $$", "ended with -11: without a word"),
        ("exec sleep 60", "gave no answer in 0.5 s"),
    ],
)
def test_a_process_that_dies_or_hangs_at_once(python, tflite, tmp_path, monkeypatch, script, said):
    monkeypatch.setattr("validation.runtimes.arm.LIMIT", 0.5)
    python(f"echo $$ > {tmp_path}/begun; {script}")
    began = time.monotonic()
    with pytest.raises(UserError, match=said):
        load(open_artifacts([tflite("none").path])[0], "litert-arm64")
    assert time.monotonic() - began < 30
    assert not is_running(int((tmp_path / "begun").read_text()))


def test_a_process_that_dies_amid_its_work(python, tflite, photographs):
    """It is a failed check of that artifact, and not a hang."""
    (artifact,) = open_artifacts([tflite("none").path])
    python(f"echo a crash >&2; {HERE}")
    loaded = load(artifact, "litert-arm64")
    loaded._opened._process.kill()
    with pytest.raises(UserError, match="ended with -9: .*"):
        loaded.run(crop_of(artifact, photographs))
    python("echo a crash >&2; exit 1")
    (found,) = parity([artifact], images=photographs[:1], runtimes=["litert-arm64"])
    assert verdict([found]) == "FAIL"
    assert found.checks[-1].reason.endswith("the emulated ARM process ended with 1: a crash")


@pytest.mark.parametrize("signal", [15, 9])
def test_no_process_is_left_behind(python, tflite, signal):
    """Neither when its object goes, nor when the process that began it is killed."""
    python(HERE)
    command = [sys.executable, "-c", PARENT, str(tflite("none").path), str(signal)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == -signal, result.stderr
    begun = [int(line) for line in result.stdout.split()]
    assert len(begun) == 2
    until = time.monotonic() + 30
    while [pid for pid in begun if is_running(pid)] and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in begun if is_running(pid)]


@pytest.mark.parametrize(
    ("system", "code", "said"),
    [
        ("Linux aarch64", 0, ""),
        ("Darwin arm64", 0, ""),
        ("Darwin x86_64", 69, ".ci/arm: qemu's emulation of ARM is brought to x86 Linux only\n"),
        ("Linux x86_64", 69, ".ci/arm: there is no apt here to bring an ARM Python\n"),
    ],
)
def test_where_the_arm_python_is_brought(tmp_path, system, code, said):
    """On a system of this name that has no apt, with nothing brought yet."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, does in (("uname", f"echo {system}"), ("python3", f'exec "{sys.executable}" "$@"')):
        (commands / name).write_text(f"#!/bin/sh\n{does}\n")
        (commands / name).chmod(0o755)
    for name in ("bash", "sh", "dirname", "mkdir", "flock", "rm", "mv", "cat", "head"):
        (commands / name).symlink_to(shutil.which(name) or "/nonexistent")
    environment = {"PATH": str(commands), "MOBILEVIT_ARM": str(tmp_path / "arm"), "HOME": str(tmp_path)}
    command = [shutil.which("bash"), ROOT / ".ci" / "arm", "install"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (code, said)
    assert not (tmp_path / "arm" / "python").exists()


def is_running(pid: int) -> bool:
    """Whether the process lives; one that ended and that nobody has asked after does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
