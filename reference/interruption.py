"""Ctrl-C and SIGTERM: a command ends in one line whenever they come, and leaves nothing behind.

Python raises KeyboardInterrupt wherever the signal finds it. Inside an import that is too early: the C code of NumPy
and PyTorch makes other errors of it, or aborts. There, and where files are being moved, the signal waits for the end.
Elsewhere it may be lost, as in what Python calls when an object is gone: then it comes again.
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
_SOON, _LATER = 0.02, 2.0  # seconds

_waiting: list[int] = []  # to be sent again
_came: list[int] = []


def interruption() -> signal.Signals | None:
    """The signal that ends the command, whatever a library has made of the error that it was raised as.

    Who asks sees to it: it is not sent again.
    """
    if _came:
        _waiting.clear()
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
    _waiting.append(number)
    while frame is not None:
        if frame.f_code.co_filename in _IN_ONE_PIECE:
            _thread.start_new_thread(_send_again, (number, _SOON))  # without the locks of `threading`, one may be held
            return
        frame = frame.f_back
    _came.append(number)
    _thread.start_new_thread(_send_again, (number, _LATER))
    raise KeyboardInterrupt


def _send_again(number: int, seconds: float) -> None:
    """Unless it has been seen to meanwhile. To the main thread, whose waiting for something else it then ends."""
    time.sleep(seconds)
    if number in _waiting:
        _waiting.remove(number)
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, number)
