"""A runtime that does to its process what a file's name says; processes of their own import it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np

from validation.runtimes.litert import LiteRTRuntime


class UnrulyRuntime(LiteRTRuntime):
    """LiteRT, but for files of these names."""

    def __init__(self, artifact: Path, *rest):
        super().__init__(artifact, *rest)
        self._kind, self._run = artifact.stem, 0

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        self._run += 1
        if self._kind == "crash" or self._kind == "later" and self._run > 28:  # in accuracy's second batch
            os.kill(os.getpid(), signal.SIGSEGV)
        while self._kind == "hang":
            pass
        if self._kind == "memory":
            bytearray(2**40)
        if self._kind == "error":
            raise KeyError("no such thing\nand more")
        return super().run_batch(images)


def crash(*_: object) -> None:
    """Whatever it is given."""
    os.abort()
