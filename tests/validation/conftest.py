"""What several tests of validation look at."""

from __future__ import annotations

import pytest

from validation.artifact import open_artifacts


@pytest.fixture
def artifact(request):
    """(fixture that converts, mode) -> the artifact, opened."""

    def make(fixture: str, mode: str):
        (opened,) = open_artifacts([request.getfixturevalue(fixture)(mode).path])
        return opened

    return make
