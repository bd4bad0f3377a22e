"""Processes that are ready at once: a mutation that ends its own must not cost the next one seconds of imports.

Copies of one process, which does nothing but copy itself: what `Confined` says of locks in threads is not true of it.
"""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import weakref
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle

from reference.confined import GIB, Confined, _close, serve

_START = "import sys; sys.path[:] = {path!r}; from tests.fuzz.template import copy; copy({file}, {modules!r})"


class Template:
    """A process that has imported `modules`, and whose copies answer calls; it ends with this object."""

    def __init__(self, *modules: str) -> None:
        here, there = socket.socketpair()
        with there:
            code = _START.format(path=sys.path, file=there.fileno(), modules=modules)
            self.process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
                start_new_session=True,
            )
        self.orders = Connection(here.detach())
        self.close = weakref.finalize(self, _close, self.process, self.orders)

    def copy(self) -> Confined:
        """A fresh process that behaves as any other `Confined`."""
        return _Copy(self)


class _Copy(Confined):
    def __init__(self, template: Template) -> None:
        self._bytes, self.ended = 2 * GIB, ""
        here, there = socket.socketpair()
        with there:
            template.orders.send("copy")
            send_handle(template.orders, there.fileno(), template.process.pid)
        self._process = _Child(template, template.orders.recv())  # type: ignore[assignment]
        self._calls = Connection(here.detach())
        self.close = weakref.finalize(self, _close, self._process, self._calls)


class _Child:
    """What Confined asks of a process, of one that is the template's child."""

    def __init__(self, template: Template, pid: int) -> None:
        self.pid = pid
        self._template = template
        self._code: int | None = None

    def kill(self) -> None:
        if self._code is None:  # or the number may be another's by now
            os.kill(self.pid, 9)

    def wait(self) -> int:
        if self._code is None:
            self._template.orders.send(self.pid)
            self._code = self._template.orders.recv()
        return self._code


def copy(file: int, modules: tuple[str, ...]) -> None:
    """What the template does: copies itself, and says how copies ended, until the other end is closed."""
    for module in modules:
        importlib.import_module(module)
    with Connection(file) as orders, suppress(EOFError):
        while True:
            order = orders.recv()
            if order != "copy":
                orders.send(os.waitstatus_to_exitcode(os.waitpid(order, 0)[1]))
                continue
            calls = recv_handle(orders)
            child = os.fork()
            if not child:
                orders.close()
                serve(calls, (), 2 * GIB)
                os._exit(0)
            os.close(calls)
            orders.send(child)
