"""Optional dependencies: whether they are here, and whole."""

from __future__ import annotations

import importlib.util
from importlib.machinery import PathFinder

from .errors import UserError


def require(extra: str, *modules: str) -> None:
    """UserError when a module of the optional dependencies `extra` is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise UserError(f"{module} is not installed: run pip install -e '.[{extra}]' in the project's folder")


def coremltools_writes() -> bool:
    """Whether the coremltools here has the library that writes weights.

    pip builds it from its source, without its libraries, where it has no wheel: for a newer Python, for Linux on ARM.
    """
    package = importlib.util.find_spec("coremltools")
    folders = package.submodule_search_locations if package is not None else None
    return PathFinder.find_spec("libmilstoragepython", folders or []) is not None
