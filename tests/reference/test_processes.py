"""Processes that die are errors, whenever they do."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from concurrent.futures import as_completed
from contextlib import suppress

import pytest

from reference.errors import UserError
from reference.processes import processes

pytestmark = pytest.mark.processes


def nap(number: int) -> int:
    time.sleep(0.1)
    return number


def test_work_is_done_in_each():
    with processes(2) as pool:
        assert sorted(pool.map(nap, range(5))) == list(range(5))


@pytest.fixture(autouse=True)
def nothing_stays():
    before = set(multiprocessing.active_children())
    yield
    assert set(multiprocessing.active_children()) <= before


def work_for_long() -> None:
    with processes(2) as pool:
        for each in as_completed([pool.submit(nap, number) for number in range(10)]):
            each.result()


def kill_one_after(seconds: float) -> threading.Thread:
    """Kill the first process of a pool so long after its start."""

    def kill():
        while not (children := set(multiprocessing.active_children()) - before):
            time.sleep(0.005)
        time.sleep(seconds)
        os.kill(children.pop().pid, signal.SIGKILL)

    before = set(multiprocessing.active_children())
    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_process_that_dies_is_an_error_whenever_it_does():
    """The standard library's pool hung within 60 of such rounds; the suite's timeout would end them."""
    moments = random.Random(0)
    for _ in range(40):
        killing = kill_one_after(moments.random() * 0.1)
        with pytest.raises(UserError, match="one of 2 processes is gone"):
            work_for_long()
        killing.join()


def test_an_error_ends_what_still_runs():
    began = time.monotonic()
    with suppress(KeyboardInterrupt), processes(1) as pool:
        pool.submit(time.sleep, 60)
        raise KeyboardInterrupt
    assert time.monotonic() - began < 30
