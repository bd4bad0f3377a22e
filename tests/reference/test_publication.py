"""Files that change together: killed anywhere, interrupted anywhere, by two processes at once, on a disk that fails."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from reference import publication as module
from reference.publication import publication, recover

NAMES = ("m.manifest", "m", "m.golden")
# What changes a file system: what happens before one of them is what happens until the next.
CALLS = ("mkdir", "open", "rename", "rmdir", "unlink", "scandir", "write")


class Killed(BaseException):
    """The process ends here: nothing that it does later counts, its locks are gone."""


def publish(place: Path, text: str, *, package: bool, golden: bool = True) -> None:
    with publication(place, NAMES) as folder:
        for name in NAMES if golden else NAMES[:2]:
            path = folder / name
            if package and name == "m":
                path.mkdir()
                path = path / "part"
            path.write_text(text)


def seen(place: Path) -> dict[str, str]:
    """Name -> content, of all that lies there; of a package of its part."""
    return {path.name: (path / "part" if path.is_dir() else path).read_text() for path in place.iterdir()}


def whole(text: str, golden: bool = True) -> dict[str, str]:
    return dict.fromkeys(NAMES if golden else NAMES[:2], text)


def killing(monkeypatch, at: int):
    """Raise at the call with this number, and at all later ones."""
    count = 0

    def counted(call):
        def perform(*arguments, **options):
            nonlocal count
            count += 1
            if count > at:
                raise Killed
            return call(*arguments, **options)

        return perform

    for name in CALLS:
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


@pytest.mark.parametrize("golden", [True, False], ids=["golden", "none"])
@pytest.mark.parametrize("package", [True, False], ids=["package", "file"])
def test_killed_at_any_call_it_is_old_or_new_and_whole(package, golden, tmp_path):
    at, outcomes = 0, []
    while True:
        place = tmp_path / str(at)
        publish(place, "old", package=package)
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, at)
            try:
                publish(place, "new", package=package, golden=golden)
                killed = False
            except Killed:
                killed = True
        recover(place)
        found = seen(place)
        assert found in (whole("old"), whole("new", golden)), f"killed before call {at + 1}"
        outcomes.append(found["m"])
        if not killed:
            break
        at += 1
    assert outcomes == sorted(outcomes, reverse=True), "first old, then new"
    assert len(outcomes) > 15


def test_who_publishes_next_completes_what_was_whole(tmp_path, monkeypatch):
    """Of another name: nothing is lost by not reading it."""
    publish(tmp_path, "old", package=True)
    with monkeypatch.context() as patch:
        rename, calls = os.rename, []

        def dies(source, target):
            calls.append(source)
            if len(calls) > 3:
                raise Killed
            rename(source, target)

        patch.setattr(os, "rename", dies)
        with pytest.raises(Killed):
            publish(tmp_path, "new", package=True)
    assert "m" not in {path.name for path in tmp_path.iterdir()}
    with publication(tmp_path, ["other"]) as folder:
        (folder / "other").write_text("new")
    assert seen(tmp_path) == whole("new") | {"other": "new"}


@pytest.mark.parametrize("failing", range(8))
def test_a_move_that_fails_undoes_those_before_it(failing, tmp_path, monkeypatch):
    publish(tmp_path, "old", package=True)
    rename, calls = os.rename, 0

    def fails(source, target):
        nonlocal calls
        calls += 1
        if calls == failing + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fails)
        with pytest.raises(OSError, match="Input/output error"):
            publish(tmp_path, "new", package=True)
    assert seen(tmp_path) == whole("old")


def test_an_error_in_the_block_changes_nothing(tmp_path):
    publish(tmp_path, "old", package=False)
    with suppress(ZeroDivisionError), publication(tmp_path, NAMES) as folder:
        (folder / "m").write_text("ne")
        1 / 0  # noqa: B018
    assert seen(tmp_path) == whole("old")


CHILD = """
import os, signal, sys
from pathlib import Path
from tests.reference.test_publication import publish
rename, left = os.rename, int(sys.argv[2])
def killed(source, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    rename(source, target)
os.rename = killed
publish(Path(sys.argv[1]), "new", package=True)
"""


@pytest.mark.parametrize("moves", [0, 1, 3, 5, 8])
def test_killed_for_real(moves, tmp_path):
    publish(tmp_path, "old", package=True)
    died = subprocess.run([sys.executable, "-c", CHILD, tmp_path, str(moves)], env={**os.environ, "PYTHONPATH": "."})
    assert died.returncode == -signal.SIGKILL
    assert any(path.name.startswith(module.PREFIX) for path in tmp_path.iterdir())
    recover(tmp_path)
    assert seen(tmp_path) == whole("new" if moves else "old")


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    with publication(tmp_path, NAMES) as folder:
        (folder / "m").write_text("new")
        recover(tmp_path)
        publish(tmp_path, "other", package=False)
        assert (folder / "m").read_text() == "new"
    assert seen(tmp_path) == {"m": "new"}


def _in_turns(place: Path, text: str, barrier) -> None:
    for _ in range(20):
        barrier.wait()
        publish(place, text, package=True)
        barrier.wait()


def test_of_two_processes_at_once_one_wins_whole(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    both = [context.Process(target=_in_turns, args=(tmp_path, text, barrier)) for text in ("one", "two")]
    for each in both:
        each.start()
    for _ in range(20):
        barrier.wait(60)
        barrier.wait(60)
        assert seen(tmp_path) in (whole("one"), whole("two"))
    for each in both:
        each.join(60)
        assert each.exitcode == 0
