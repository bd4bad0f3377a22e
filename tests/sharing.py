"""What several test processes need, made by the first one that asks.

`make test` runs in several processes, each with session fixtures of its own. A conversion takes ten seconds: it is made
once, in a folder that all of them see, and the others wait for it.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

Made = TypeVar("Made")


class Shared:
    """Results by name, kept in the run's temporary folder."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        base = factory.getbasetemp()
        self._folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
        self._folder.mkdir(exist_ok=True)

    def get(self, name: str, make: Callable[[Path], Made]) -> Made:
        """What `make`, given a folder of its own, returned; pickled, so files that it speaks of must stay there."""
        folder, kept = self._folder / name, self._folder / f"{name}.pickle"
        with FileLock(self._folder / f"{name}.lock"):
            if not kept.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one that failed: each is to say why
                folder.mkdir()
                kept.write_bytes(pickle.dumps(make(folder)))
        return pickle.loads(kept.read_bytes())
