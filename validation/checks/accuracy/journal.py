"""What a run has done so far, in a file: one that was interrupted goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Journal:
    """Batch numbers with their results, as plain numbers, a line for each.

    A place that cannot be written to is no reason to fail: nothing is kept there, and `kept` says so.

    Args:
        path: the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.kept = True
        self._try(lambda: path.parent.mkdir(parents=True, exist_ok=True))
        self._try(lambda: path.open("a").close())

    def read(self) -> dict[int, Any]:
        """What is done; the last line may have been cut off."""
        done = {}
        for line in self._path.read_text("utf-8").splitlines() if self.kept else ():
            try:
                number, result = json.loads(line)
            except ValueError:
                continue
            done[number] = result
        return done

    def add(self, number: int, result: Any) -> None:
        """Note that a batch is done."""

        def write() -> None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([number, result]) + "\n")

        self._try(write)

    def remove(self) -> None:
        """All is done."""
        self._try(self._path.unlink)

    def _try(self, work: Callable[[], object]) -> None:
        if self.kept:
            try:
                work()
            except OSError:
                self.kept = False
