"""From finished files to files in place: written aside, then moved together. Nobody sees half an artifact."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reference.errors import UserError
from reference.golden import GoldenSet, golden_path
from reference.manifest import Manifest, manifest_path
from reference.publication import publication, recover
from reference.refusals import refused


@dataclass(frozen=True)
class Written:
    """A published artifact: its path and its manifest; `notes`: lines on what checking it showed."""

    path: Path
    manifest: Manifest
    notes: tuple[str, ...] = ()


def put_in_place(
    target: Path,
    write: Callable[[Path], object],
    describe: Callable[[Path], Manifest],
    judge: Callable[[Manifest], GoldenSet] | None = None,
) -> Manifest:
    """Write an artifact to `target`, with its manifest and its golden set; they change together, or not at all.

    Without `judge` there is no golden set afterwards: an older one would be of other bytes.

    Args:
        write: writes the artifact to the path it is given.
        describe: the manifest of the artifact at the path it is given, which has the target's name.
        judge: the golden set.
    """
    names = [path.name for path in (manifest_path(target), target, golden_path(target))]
    with _reporting(target.parent), publication(target.parent, names) as folder:
        path = folder / target.name
        write(path)
        manifest = describe(path)
        manifest.write(manifest_path(path))
        if judge is not None:
            judge(manifest).write(golden_path(path))
    return manifest


def check_place(output_dir: Path) -> None:
    """UserError where `output_dir` could not be made or written to, so that nobody waits for a conversion in vain.

    What a conversion that was killed has left there is completed or removed.
    """
    absolute = output_dir.absolute()
    with _reporting(output_dir):
        nearest = next(folder for folder in (absolute, *absolute.parents) if folder.exists())
        if not nearest.is_dir():
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        if nearest == absolute:
            recover(absolute)


@contextmanager
def _reporting(output_dir: Path) -> Iterator[None]:
    """An OSError in the block, such as a full disk's, as a UserError."""
    try:
        yield
    except OSError as error:
        number = refused(error)
        reason = error.strerror or (os.strerror(number) if number else error)
        raise UserError(f"cannot write to {output_dir} ({reason}): choose another --output-dir") from error
