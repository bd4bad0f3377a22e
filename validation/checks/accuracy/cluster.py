"""Batches on an existing Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reference.errors import UserError
from reference.extras import require

PATIENCE = "10s"  # with a scheduler that does not answer


def on_cluster(address: str, task: Callable[[int], Any], numbers: Sequence[int]) -> Iterator[Any]:
    """`task` of each number, on the workers of the scheduler at `address`, in the order they are done.

    Raises:
        UserError: when nothing answers there, or Dask is not installed.
    """
    require("distributed", "distributed")
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise UserError(f"no Dask scheduler answers at {address} ({error}): give --scheduler HOST:PORT") from error
    with client:
        futures = client.map(task, numbers, pure=False)
        for _, result in as_completed(futures, with_results=True):
            yield result
