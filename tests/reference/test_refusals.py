"""What the system refuses: one line, exit code 2, nothing left."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from reference.command_line import run, working
from reference.publication import publication
from reference.refusals import refusal

FULL = Path("/dev/full")  # a disk without space


def said(command, capfd) -> str:
    assert run(command) == 2
    (line,) = capfd.readouterr().err.splitlines()
    return line


@pytest.mark.skipif(not FULL.exists(), reason="NOT RUN: only Linux has /dev/full")
def test_a_full_disk(tmp_path, capfd):
    def command() -> int:
        with working("working", verbose=False), publication(tmp_path, ["file"]) as folder:
            (folder / "file").symlink_to(FULL)
            (folder / "file").write_bytes(bytes(10**6))
        return 0

    line = said(command, capfd)
    assert line.startswith("error: cannot use ")
    assert "(No space left on device): free some space there" in line
    assert not list(tmp_path.iterdir())


def test_no_place_for_temporary_files(tmp_path, capfd, monkeypatch):
    def command() -> int:
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "tempdir", None)
            patch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
            with working("working", verbose=False):
                return 0

    assert "No usable temporary directory found" in said(command, capfd)


@pytest.mark.skipif(not FULL.exists(), reason="NOT RUN: only Linux has /dev/full")
def test_no_space_for_what_is_held_back(capfd, monkeypatch):
    """What libraries print goes to a temporary file; the line must reach the terminal all the same."""

    def command() -> int:
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "TemporaryFile", lambda: FULL.open("r+b", buffering=0))
            with working("working", verbose=False):
                os.write(1, b"what a library says")
        return 0

    assert "(No space left on device)" in said(command, capfd)


def test_a_name_of_300_letters(tmp_path, capfd):
    line = said(lambda: (tmp_path / ("x" * 300)).exists() or len(os.listdir(tmp_path / ("x" * 300))), capfd)
    assert line.endswith("(File name too long): choose a shorter name")


def of_a_copy() -> Exception:
    words = f"[Errno 28] No space left on device: '{FULL}'"
    return shutil.Error([("here", "there", words)])


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/there"),
        OSError(errno.EFBIG, os.strerror(errno.EFBIG)),
        RuntimeError("UNKNOWN: /tmp/variables.data; No space left on device"),
        RuntimeError("[MIL FileWriter]: Unknown error occurred while writing data to the file."),
        of_a_copy(),
    ],
)
def test_libraries_have_errors_of_their_own_for_it(error):
    assert refusal(error) is not None
    outer = RuntimeError("cannot save")
    outer.__cause__ = error
    assert refusal(outer) == refusal(error)


@pytest.mark.parametrize("error", [ValueError("a mistake"), FileNotFoundError(2, "No such file"), KeyError("x")])
def test_no_other_mistake_passes_for_it(error):
    assert refusal(error) is None
