"""Signals at the worst moments: one line, the right exit code, and nothing left."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reference import interruption
from reference.command_line import run, working
from reference.publication import publication

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent.parent

# A command in which the signal comes as a module is about to be loaded, and again as it was.
CHILD = """
import os, runpy, signal, sys
from importlib.machinery import PathFinder
name, number = sys.argv[1], int(sys.argv[2])
class Interrupting(PathFinder):
    def find_spec(wanted, *rest):
        if wanted == name:
            signal.raise_signal(number)
sys.meta_path.insert(0, Interrupting)
sys.argv = ["-m", *sys.argv[3:]]
runpy.run_module("converters.onnx", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(autouse=True)
def as_in_a_terminal():
    """What a shell starts in the background ignores Ctrl-C, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("module", "number", "code"),
    [
        ("converters.options", signal.SIGINT, -signal.SIGINT),  # by Python itself: 130 to a shell
        ("numpy._core", signal.SIGINT, 130),
        ("torch.nn", signal.SIGTERM, 143),
        ("onnx", signal.SIGINT, 130),
    ],
)
def test_within_an_import(module, number, code, tmp_path):
    command = [sys.executable, "-c", CHILD, module, str(int(number)), "--output-dir", str(tmp_path / "out")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.stderr in ("interrupted\n", "terminated\n")
    assert (result.returncode, result.stdout) == (code, "")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("number", "line"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_while_writing(number, line, tmp_path, capfd):
    def command() -> int:
        with working("working", verbose=False), publication(tmp_path, ["file"]) as folder:
            (folder / "file").write_text("half")
            os.write(2, b"what a library says")
            os.kill(os.getpid(), number)
            time.sleep(10)
        return 0

    usual = signal.getsignal(number)
    assert run(command) == 128 + number
    assert capfd.readouterr().err == f"{line}\n"
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(number) == usual


def test_while_moving_all_are_moved(tmp_path, capfd, monkeypatch):
    rename = os.rename

    def interrupted(source, target):
        rename(source, target)
        signal.raise_signal(signal.SIGINT)

    def command() -> int:
        with publication(tmp_path, ["one", "two"]) as folder:
            for name in ("one", "two"):
                (folder / name).write_text("new")
            monkeypatch.setattr(os, "rename", interrupted)
        time.sleep(10)
        return 0

    assert run(command) == 130
    assert capfd.readouterr().err == "interrupted\n"
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["one", "two"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_lost_it_comes_again(capfd, monkeypatch):
    monkeypatch.setattr(interruption, "_LATER", 0.05)

    class Gone:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def command() -> int:
        with working("working", verbose=False):
            Gone()
            time.sleep(10)
        return 0

    assert run(command) == 130
    assert capfd.readouterr().err == "interrupted\n"


def test_what_a_library_makes_of_it_is_still_an_interruption(capfd):
    def command() -> int:
        with working("working", verbose=False):
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt as error:
                raise ImportError("initialization failed") from error
        return 0

    assert run(command) == 130
    assert capfd.readouterr().err == "interrupted\n"


def test_a_process_told_to_ignore_it_does(capfd, monkeypatch):
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run(lambda: signal.raise_signal(signal.SIGINT) or 0) == 0
    finally:
        signal.signal(signal.SIGINT, usual)


def test_every_command_ends_by_it():
    """Whose last moments Ctrl-C cannot tear to pieces."""
    for path in ROOT.glob("*/**/__main__.py"):
        if path.parts[len(ROOT.parts)] in ("reference", "converters", "validation"):
            assert path.read_text("utf-8").endswith('if __name__ == "__main__":\n    leave(main())\n'), path
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
