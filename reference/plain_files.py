"""Files, and what only looks like one: a pipe is waited on for ever, and a device may never end."""

from __future__ import annotations

import stat
from pathlib import Path

from .errors import UserError


def require_file_at(path: Path) -> None:
    """UserError for a pipe, a device or a socket; what is missing or a folder, opening it says."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UserError(f"{path} is a pipe or a device, not a file: save what it gives to a file")


def read_bytes(path: Path) -> bytes:
    """What the file holds.

    Raises:
        UserError: for what is no file.
        OSError: where it cannot be read.
    """
    require_file_at(path)
    return path.read_bytes()
