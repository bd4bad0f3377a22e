"""What a process of its own does is told in a line, whatever it does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reference.confined import Confined, Misbehaved
from reference.errors import UserError

# In the process there are the standard library and the kit, and nothing of this file.
MEBIBYTES = 300  # more than Python takes, and less than anything that is to be refused


@pytest.fixture
def process():
    with Confined(bytes=MEBIBYTES * 2**20) as each:
        yield each


def test_calls_are_answered_one_after_the_other(process):
    assert process.call(divmod, 7, 2, seconds=5) == (3, 1)
    assert process.call("math:hypot", 3, 4, seconds=5) == 5
    assert process.call(os.getpid, seconds=5) != os.getpid()


def test_errors_are_a_line_and_the_process_goes_on(process):
    with pytest.raises(Misbehaved, match=r"^raised ValueError: .* 'no'$"):
        process.call(int, "no", seconds=5)
    with pytest.raises(UserError, match="is not valid JSON") as own:
        process.call("reference.json_files:read_json", Path(__file__), seconds=5)
    assert type(own.value) is UserError
    assert process.call(len, "abc", seconds=5) == 3


def test_more_memory_than_allowed(process):
    with pytest.raises(Misbehaved, match="^asked for more than 0.293 GiB of memory$"):
        process.call(bytearray, MEBIBYTES * 2**20, seconds=5)
    assert process.call(len, "abc", seconds=5) == 3


@pytest.mark.parametrize(
    ("function", "arguments", "says"),
    [
        (os.abort, (), r"ended its process by SIGABRT \(Aborted\)"),
        ("ctypes:string_at", (1,), r"ended its process by SIGSEGV \(Segmentation fault\)"),
        (sys.exit, (7,), "ended its process with 7"),
        (pow, (3, 10**8), "took more than 1 s of processor time"),
    ],
    ids=["abort", "crash", "exit", "endless"],
)
def test_an_end_is_told_and_stays(process, function, arguments, says):
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(Misbehaved, match=f"^{says}"):
            process.call(function, *arguments, seconds=1)
    assert time.monotonic() - started < 60


def test_a_process_that_waits_for_ever(process):
    assert process.call(time.sleep, 1, seconds=1, idle=3) is None
    with pytest.raises(Misbehaved, match="^waited for 2 s without doing anything"):
        process.call(time.sleep, 600, seconds=1, idle=2)


@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: the system does not tell of others' processor time")
def test_a_process_that_works_is_not_idle(process):
    assert process.call(pow, 3, 2 * 10**6, seconds=60, idle=0.3) % 10 in range(10)


def test_ctrl_c_is_for_the_other_process(process):
    assert os.getsid(process.call(os.getpid, seconds=5)) != os.getsid(0)


def test_nothing_stays_of_a_process_that_is_killed():
    """What it had asked for ends too."""
    code = (
        "import os, signal, time\nfrom reference.confined import Confined\nprocess = Confined()\n"
        "print(process.call(os.getpid, seconds=5), flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    for _ in range(100):
        try:
            os.kill(int(done.stdout), 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it still runs")
