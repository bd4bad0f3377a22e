"""Ctrl-C and SIGTERM: a command ends in one line whenever they come, and leaves nothing behind.

Python raises KeyboardInterrupt wherever the signal finds it. Inside an import that is too early: the C code of NumPy
and PyTorch makes other errors of it, or aborts. There, and where files are being moved, the signal waits for the end.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from . import publication

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_USUAL = (signal.default_int_handler, signal.SIG_DFL)  # else the process was told to ignore it, as by nohup
_IN_ONE_PIECE = ("<frozen importlib._bootstrap>", publication.__file__)
_MOMENT = 0.02  # seconds

_waiting: list[int] = []
_came: list[int] = []


def interruption() -> signal.Signals | None:
    """The signal that ends the command, whatever a library has made of the error that it was raised as."""
    return signal.Signals(_came[0]) if _came else None


@contextmanager
def interruptible() -> Iterator[None]:
    """In this block SIGINT and SIGTERM raise KeyboardInterrupt, as soon as that can do no harm."""
    before = {}
    if threading.current_thread() is threading.main_thread():  # in which signals are handled
        before = {number: signal.getsignal(number) for number in WORDS if signal.getsignal(number) in _USUAL}
    try:
        for number in before:
            signal.signal(number, _handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _waiting.clear()
        _came.clear()


def _handle(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename in _IN_ONE_PIECE:
            _waiting.append(number)
            _thread.start_new_thread(_send_again, (number,))  # without the locks of `threading`, which may be held
            return
        frame = frame.f_back
    _came.append(number)
    raise KeyboardInterrupt


def _send_again(number: int) -> None:
    time.sleep(_MOMENT)
    if number in _waiting:
        _waiting.remove(number)
        signal.raise_signal(signal.Signals(number))
