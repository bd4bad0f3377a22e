"""Pipelines from the reference to what runs on phones. None of them knows of another."""

import reference  # noqa: F401  before any library, which it keeps from telling its maker of us
