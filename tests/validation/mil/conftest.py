"""One operation, as a saved program."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from .programs import execute


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(request):
    """A module's GENERATOR starts anew for each test, whichever ran before."""
    generator = getattr(request.module, "GENERATOR", None)
    if generator is not None:
        generator.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """run(kind, tensors, outputs, **arguments): see programs.execute."""
    folder, numbers = tmp_path_factory.mktemp("operations"), itertools.count()

    def run(*positional, **arguments):
        return execute(folder / f"{next(numbers)}.mlpackage", *positional, **arguments)

    return run
