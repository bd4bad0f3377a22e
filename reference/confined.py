"""Files of strangers, handled in a process of their own: it may crash, hang or ask for all memory, and ends alone.

No sandbox: code that a file could smuggle in would do there what the user may do.
"""

from __future__ import annotations

import math
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import UserError
from .refusals import refusal

GIB = 2**30
KIT = ("reference", "validation")
# Seconds by the clock. A process that takes no processor time for so long waits for something that does not come.
IDLE, LOOKS = 15.0, 1.0
UNTOLD = 10.0  # times that, where the system does not tell


class Misbehaved(UserError):
    """What was called crashed, hung, took too much or raised an error that is not the kit's; a verb begins the text."""


class Ended(Misbehaved):
    """And the process is gone."""


_START = "import sys; sys.path[:] = {path!r}; from reference.confined import serve; serve({file}, {modules!r}, {bytes})"


class Confined:
    """A fresh process that answers one call after the other, and ends with this object, or with this process.

    Not the standard library's or loky's: those run the caller's own script again, or tell only that a process is gone.
    It is a fresh one, and no copy of this one, in which threads may hold locks that nobody would release there.

    Args:
        modules: what it imports ahead, while this process does something else.
        bytes: of memory, the most it may take; macOS does not hold it to that.
        silent: whether what it prints is dropped: libraries tell of themselves once a process.
    """

    def __init__(self, *modules: str, bytes: int = 2 * GIB, silent: bool = True) -> None:
        self._bytes = bytes
        self.ended = ""  # how, in words
        here, there = socket.socketpair()
        with there:
            file = there.fileno()
            code = _START.format(path=sys.path, file=file, modules=modules, bytes=bytes)
            command = [sys.executable, "-c", code]
            # In a session of its own: Ctrl-C in a terminal goes to all of one, and this process is to say how it ends.
            out = subprocess.DEVNULL if silent else None
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, pass_fds=[file], start_new_session=True
            )
        self._calls = Connection(here.detach())
        self.close = weakref.finalize(self, _close, self._process, self._calls)

    def __enter__(self) -> Confined:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def call(self, function: Callable[..., Any] | str, *arguments: Any, seconds: float, idle: float = IDLE) -> Any:
        """What `function(*arguments)` returns there; all of it must pickle.

        Args:
            function: or "module:name" of one whose module takes long to import.
            seconds: of processor time, the most it may take, however busy the machine is.
            idle: by the clock, the most it may take none; where the system does not tell, see UNTOLD.

        Raises:
            Misbehaved: for what it raises but the kit's own errors, which come as they are; for too much memory.
            Ended: where it ends the process or takes longer. A process that is gone stays so.
        """
        if self.ended:
            raise Ended(self.ended)
        try:
            self._calls.send((function, arguments, seconds))
            if not self._answers(idle):
                self.close()
                self.ended = f"waited for {idle:.0f} s without doing anything"
                raise Ended(self.ended)
            error, result = self._calls.recv()
        except (EOFError, OSError) as gone:
            self.ended = self._ended(seconds)
            self.close()
            raise Ended(self.ended) from gone
        if error is not None:
            raise error
        return result

    def _answers(self, idle: float) -> bool:
        """Whether an answer comes, or the process ends, before it is idle for too long."""
        used, since = self._used(), time.monotonic()
        while not self._calls.poll(min(LOOKS, idle)):
            before, used = used, self._used()
            if used != before:
                since = time.monotonic()
            elif time.monotonic() - since >= (idle if used else UNTOLD * idle):
                return False
        return True

    def _used(self) -> list[str]:
        """Processor time, in Linux's words; none elsewhere."""
        with suppress(OSError):
            return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return []

    def _ended(self, seconds: float) -> str:
        """How the process ended, in words."""
        code = self._process.wait()
        if code >= 0:
            return f"ended its process with {code}"
        number = signal.Signals(-code)
        if number == signal.SIGXCPU:
            return f"took more than {seconds:.0f} s of processor time"
        return f"ended its process by {number.name} ({signal.strsignal(number)})"


def _close(process: subprocess.Popen[bytes], calls: Connection) -> None:
    process.kill()
    process.wait()
    calls.close()


def serve(file: int, modules: tuple[str, ...], bytes: int) -> None:
    """What runs there: answers the calls that come through a socket, until the other end is closed."""
    import importlib
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # where less is allowed already
        resource.setrlimit(resource.RLIMIT_DATA, (bytes, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    for module in modules:
        with suppress(ImportError):  # a call that needs it will say so
            importlib.import_module(module)
    unlimited = resource.getrlimit(resource.RLIMIT_CPU)
    with Connection(file) as calls:
        while True:
            try:
                function, arguments, seconds = calls.recv()
            except EOFError:
                return
            used = resource.getrusage(resource.RUSAGE_SELF)
            limit = math.ceil(used.ru_utime + used.ru_stime + seconds)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, unlimited[1]))
            answer: tuple[Exception | None, Any]
            try:
                if isinstance(function, str):
                    module, _, name = function.partition(":")
                    function = getattr(importlib.import_module(module), name)
                answer = None, function(*arguments)
            except MemoryError:
                answer = Misbehaved(f"asked for more than {bytes / GIB:.3g} GiB of memory"), None
            except Exception as error:
                answer = _kits_own(error), None
            resource.setrlimit(resource.RLIMIT_CPU, unlimited)
            sys.stdout.flush()
            calls.send(answer)


def _kits_own(error: Exception) -> Exception:
    """The error itself where the kit defines it; what the system refused; else its first line."""
    if type(error).__module__.partition(".")[0] in KIT:
        return error
    refused = refusal(error)
    if refused is not None:
        return UserError(refused)
    said = str(error).strip().partition("\n")[0]
    return Misbehaved(f"raised {type(error).__name__}{said and f': {said}'}")
