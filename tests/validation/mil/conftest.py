"""One operation, as a saved program."""

from __future__ import annotations

import itertools

import pytest

from .programs import execute


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """run(kind, tensors, outputs, **arguments): see programs.execute."""
    folder, numbers = tmp_path_factory.mktemp("operations"), itertools.count()

    def run(*positional, **arguments):
        return execute(folder / f"{next(numbers)}.mlpackage", *positional, **arguments)

    return run
