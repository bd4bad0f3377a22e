"""What a run has done so far, in a file: one that was interrupted goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reference.errors import UserError
from reference.plain_files import read_bytes


class Journal:
    """Batch numbers with their results, as plain numbers, a line for each: [number, result, checksum].

    A place that cannot be written to is no reason to fail: from then on nothing is kept. Neither is a line that
    somebody changed: it does not count.

    Args:
        folder: where it lies, which is made.
        key: of the run: what another one noted does not count here.
        tell: takes a line of text on what was wrong.
    """

    def __init__(self, folder: Path, key: str, tell: Callable[[str], object]) -> None:
        self._path = folder / f".accuracy-{key}.jsonl"
        self._key = key
        self._tell = tell
        self._kept = True
        self._try(lambda: folder.mkdir(parents=True, exist_ok=True))

    def read(self) -> dict[int, Any]:
        """What is done. Lines that are broken are taken out, so that what is added stands in lines of its own."""
        found = self._lines()
        done, sound = {}, []
        for line in found:
            try:
                number, result, checksum = json.loads(line)
            except (ValueError, TypeError, RecursionError):  # UnicodeDecodeError is a ValueError
                continue
            if checksum == self._checksum(number, result):
                done[number] = result
                sound.append(line)
        broken = len(found) - len(sound)
        if broken:
            self._tell(f"{self._path}: {broken} of its lines are cut off or broken, which is counted again")
        if broken or not found:
            self._write("wb", b"".join(line + b"\n" for line in sound))
        return done

    def add(self, number: int, result: Any) -> None:
        """Note that a batch is done."""
        self._write("ab", json.dumps([number, result, self._checksum(number, result)]).encode() + b"\n")

    def remove(self) -> None:
        """All is done."""
        self._try(self._path.unlink)

    def _lines(self) -> list[bytes]:
        try:
            content = read_bytes(self._path) if self._kept else b""
        except FileNotFoundError:
            return []
        except (UserError, OSError) as error:
            self._stop(str(error))
            return []
        return content.removesuffix(b"\n").split(b"\n") if content else []

    def _checksum(self, number: Any, result: Any) -> str:
        return hashlib.sha256(f"{self._key} {json.dumps([number, result])}".encode()).hexdigest()[:16]

    def _write(self, mode: str, content: bytes) -> None:
        def write() -> None:
            with self._path.open(mode) as file:
                file.write(content)

        self._try(write)

    def _try(self, work: Callable[[], object]) -> None:
        if self._kept:
            try:
                work()
            except OSError as error:
                self._stop(error.strerror or str(error))

    def _stop(self, why: str) -> None:
        self._kept = False
        self._tell(f"{self._path.parent} takes no notes ({why}): what an interrupted run did not note starts over")
