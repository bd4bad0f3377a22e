"""Files that belong together change together: all of them or none, whenever the process is ended.

They are written aside, into a folder `.writing-*` beside their places, and then moved. What is in that folder says how
far its process came, and whoever comes next goes on from there:

    new       being written, or done: the folder is thrown away
    whole     written: what has the files' names goes to `old`
    moving    nothing has the files' names: they go there

The process holds a lock on the folder, which ends with it however it ends; moves are made under a lock on the place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

PREFIX = ".writing-"
NEW, WHOLE, MOVING, OLD, NAMES = "new", "whole", "moving", "old", "names"


@contextmanager
def publication(place: Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder to write files or folders called `names` into; as the block ends, they replace what is so called.

    What the block does not write is gone from `place` afterwards. The first of `names` leaves first and comes last:
    without it the others should count for nothing. Where the block raises, or a move fails, `place` is as it was.

    Raises:
        OSError: where `place` cannot be made or written to.
    """
    place.mkdir(parents=True, exist_ok=True)
    with ExitStack() as alive:
        with _locked(place):
            _settle_abandoned(place)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
            alive.enter_context(_locked(folder))
        try:
            for each in (NEW, OLD):
                (folder / each).mkdir()
            (folder / NAMES).write_text("\n".join(names), "utf-8")
            yield folder / NEW
            with _locked(place):
                _move(folder, written=True)
        finally:
            with _locked(place):
                _settle(folder)


def recover(place: Path) -> None:
    """Complete what processes that are gone left whole in `place`, and remove what else they left.

    Where a process is moving its files, this waits for it.

    Raises:
        OSError: where this cannot be done.
    """
    with _locked(place):
        _settle_abandoned(place)


def _settle_abandoned(place: Path) -> None:
    for folder in sorted(filter(Path.is_dir, place.glob(f"{PREFIX}*"))):
        with _locked(folder, wait=False) as abandoned:
            if abandoned:
                _settle(folder)


def _settle(folder: Path) -> None:
    _move(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, *, written: bool = False) -> None:
    """Go on from where the folder is; `written`: what is new is whole. What cannot be done whole is undone."""
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        os.rename(source, target)
        moved.append((source, target))

    place, new, whole, moving, old = folder.parent, *(folder / each for each in (NEW, WHOLE, MOVING, OLD))
    try:
        if written:
            move(new, whole)
        if not (whole.exists() or moving.exists()):
            return
        names = (folder / NAMES).read_text("utf-8").split("\n")
        if whole.exists():
            for name in filter(lambda name: os.path.lexists(place / name), names):
                move(place / name, old / name)
            move(whole, moving)
        for name in filter(lambda name: os.path.lexists(moving / name), reversed(names)):
            move(moving / name, place / name)
        move(moving, new)
    except OSError:
        for source, target in reversed(moved):
            os.rename(target, source)
        raise


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Alone with `folder`, for as long as the block lasts or the process lives; whether that is so.

    It is not where another holds the lock and this does not wait, and on file systems that know none, where nothing
    is known to be abandoned either.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:
            held = False
        yield held
    finally:
        os.close(handle)
