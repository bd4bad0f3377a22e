"""Work in several processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager

from loky import ProcessPoolExecutor

from .errors import UserError


@contextmanager
def processes(count: int, start: Callable[..., object] | None = None, *arguments: object) -> Iterator[Executor]:
    """`count` fresh processes for as long as the block lasts; each begins with `start(*arguments)`, which must pickle.

    Not the standard library's: there the parent waits for ever where a process is killed while others start (Python
    3.11, one time in forty). An error or an interruption in the block ends the processes at once.

    Raises:
        UserError: in the block, a process is gone before its work is done.
    """
    pool = ProcessPoolExecutor(count, initializer=start, initargs=arguments)
    done = False
    try:
        yield pool
        done = True
    except BrokenExecutor as error:
        less = "; go on with fewer --jobs" if count > 1 else ""
        raise UserError(f"one of {count} processes is gone, for want of memory or by another's hand{less}") from error
    finally:
        pool.shutdown(kill_workers=not done)
