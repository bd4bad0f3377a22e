"""A runtime on a 64-bit ARM processor: this machine's own where it has one, else one that qemu emulates."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import tempfile
import weakref
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from reference.errors import UserError

from . import interpreters
from .runtime import NotRun, Runtime

Interpreter = TypeVar("Interpreter", interpreters.LiteRT, interpreters.ONNX)

# All that qemu has, but for scalable vectors and matrices (SVE, SME), which most phones lack. Pointers are signed by a
# plain hash, since the true one takes an emulator long.
NEWEST = "max,pauth-impdef=on,sve=off,sme=off"
LIMIT = 600.0  # seconds for an answer: an inference of the largest segmenter in reference kernels takes over a minute


def is_arm() -> bool:
    """Whether this machine's own processor is one."""
    return platform.machine() in ("aarch64", "arm64")


def check_arm(ordinary: type[Runtime]) -> None:
    """NotRun where the ordinary runtime cannot run on ARM: on an ARM machine for its own reason."""
    if is_arm():
        ordinary.check_here()
    elif not _python().exists():
        raise NotRun(f"this is no ARM machine, and none to emulate is in {_python().parent}: .ci/arm install brings it")


def on_arm(kind: type[Interpreter], processor: str | None, *arguments: Any) -> Interpreter | Emulated:
    """One of the classes of `interpreters`, constructed on ARM, where check_arm allows it.

    Args:
        processor: what to emulate, in qemu's words for -cpu; None: NEWEST. An ARM machine has its own.

    Raises:
        Exception: the class's own errors; emulated, UserError.
    """
    return kind(*arguments) if is_arm() else Emulated(kind.__name__, processor or NEWEST, *arguments)


class Emulated:
    """One of the classes of `interpreters` in a process of its own, whose processor is emulated.

    Starting takes seconds, so one process answers all calls; it ends with this object, or with this process.

    Raises (each method too):
        UserError: for an error there, with its text; where the process dies, with the last it said; where it gives no
            answer in LIMIT seconds.
    """

    def __init__(self, kind: str, processor: str, *arguments: Any) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this object)
        here, there = socket.socketpair()
        with there:
            command = [str(_python()), processor, interpreters.__file__]
            self._process = subprocess.Popen(
                command, stdin=there.fileno(), stdout=subprocess.DEVNULL, stderr=self._said
            )
        self._calls = Connection(here.detach())
        self._end = weakref.finalize(self, _end, self._process)
        self._call(kind, *arguments)

    def run(self, *arguments: Any) -> Any:
        """See the class that runs there."""
        return self._call("run", *arguments)

    def convolutions(self, feed: interpreters.Feed) -> list[tuple[str, np.ndarray]]:
        """See interpreters.LiteRT."""
        return self._call("convolutions", feed)

    def _call(self, *call: Any) -> Any:
        try:
            self._calls.send(call)
            if not self._calls.poll(LIMIT):
                self._end()
                raise UserError(f"the emulated ARM gave no answer in {LIMIT:g} s")
            good, result = self._calls.recv()
        except (EOFError, OSError) as error:
            code = self._process.wait(LIMIT)
            self._said.seek(0)
            lines = self._said.read().decode(errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "without a word")
            raise UserError(f"the emulated ARM process ended with {code}: {last}") from error
        if not good:
            raise UserError(f"on the emulated ARM: {result}")
        return result


def _python() -> Path:
    """What `.ci/arm install` writes: a program that takes a processor, and then what Python takes."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("MOBILEVIT_ARM") or cache / "mobilevit-arm") / "python"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
