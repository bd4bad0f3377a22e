"""How much memory a piece of work takes at most, in a process of its own."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reference.processes import processes

_PROC = Path("/proc/self")


def peak_mib(work: Callable[[], object]) -> float | None:
    """Run `work`, which must pickle, in a fresh process: MiB of resident memory that it adds at most.

    What the modules named in `work` import counts as there before; what it imports itself is added. None on Windows,
    which does not tell.
    """
    if platform.system() == "Windows":
        return None
    with processes(1) as pool:
        return pool.submit(_measure, work).result()


def _measure(work: Callable[[], object]) -> float:
    with suppress(OSError):
        (_PROC / "clear_refs").write_text("5")  # Linux: the peak so far is forgotten
    before = _peak_bytes()
    work()
    return (_peak_bytes() - before) / 2**20


def _peak_bytes() -> int:
    """Linux's own count, since what getrusage says there is inherited from the process that started this one."""
    if (_PROC / "status").exists():
        (line,) = (line for line in (_PROC / "status").read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
