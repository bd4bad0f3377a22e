"""From finished files to files in place: written aside, then moved. Nobody sees half an artifact."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reference.errors import UserError
from reference.manifest import Manifest, manifest_path


@dataclass(frozen=True)
class Written:
    """A published artifact: its path and its manifest; `notes`: lines on what checking it showed."""

    path: Path
    manifest: Manifest
    notes: tuple[str, ...] = ()


def put_in_place(target: Path, write: Callable[[Path], object], describe: Callable[[Path], Manifest]) -> Manifest:
    """Write an artifact to `target`, then its manifest; each appears whole or not at all.

    Between the two, the old manifest's sha256 does not fit the new artifact, which every reader refuses.

    Args:
        write: writes the artifact to the path it is given.
        describe: the manifest of the artifact at the path it is given, which has the target's name.
    """
    with _staging(target.parent) as folder:
        path = folder / target.name
        write(path)
        manifest = describe(path)
        manifest.write(manifest_path(path))
        _move(path, target)
        _move(manifest_path(path), manifest_path(target))
    return manifest


def check_place(output_dir: Path) -> None:
    """UserError where `output_dir` could not be made or written to, so that nobody waits for a conversion in vain."""
    absolute = output_dir.absolute()
    nearest = next(folder for folder in (absolute, *absolute.parents) if folder.exists())
    if not nearest.is_dir():
        raise _cannot_write(output_dir, os.strerror(errno.ENOTDIR))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _cannot_write(output_dir, os.strerror(errno.EACCES))


def _cannot_write(output_dir: Path, reason: str | None) -> UserError:
    return UserError(f"cannot write to {output_dir} ({reason}): choose another --output-dir")


@contextmanager
def _staging(output_dir: Path) -> Iterator[Path]:
    """A temporary folder inside `output_dir`, on the same file system, gone at the end whatever happens."""
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".writing-", dir=output_dir))
    except OSError as error:
        raise _cannot_write(output_dir, error.strerror) from error
    try:
        yield folder
    except OSError as error:  # a full disk, for one
        raise _cannot_write(output_dir, error.strerror) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Replace `target`, file or folder, by `source`; whatever fails, `target` is as it was."""
    replaced = source.with_name("replaced-" + source.name)
    if target.is_dir():  # a folder cannot be replaced in one step
        target.rename(replaced)
    try:
        source.replace(target)
    except OSError:
        if replaced.exists():
            replaced.rename(target)
        raise
