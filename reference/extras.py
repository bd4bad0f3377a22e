"""Optional dependencies: whether they are here, and whole."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder

from .errors import UserError

KIT = "mobilevit-edge-kit"
# What the kit cannot do without, by the names of the modules.
BASE = {"torch", "numpy", "PIL", "safetensors", "huggingface_hub", "pydantic", "packaging", "rich", "jinja2", "loky"}
ENTER = "enter the environment that make convert makes (. .venv/bin/activate)"
# Extras that are empty for older versions of Python, and whose libraries they are.
OLDEST_PYTHON = {"coreai": ((3, 11), "Apple's coreai-torch")}


def lacks_python(extra: str) -> str:
    """Why this Python is too old for the optional dependencies `extra`; "" where it is not."""
    (major, minor), library = OLDEST_PYTHON.get(extra, ((3, 0), ""))
    if sys.version_info >= (major, minor):
        return ""
    return f"{library} has no release for Python {platform.python_version()}: use {major}.{minor} or newer"


def require(extra: str, *modules: str) -> None:
    """UserError when a module of the optional dependencies `extra` is not installed, or cannot be."""
    if reason := lacks_python(extra):
        raise UserError(reason)
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise UserError(
                f"{module} is not installed: {ENTER}, or run pip install -e '.[{extra}]' in the project's folder"
            )


def not_installed(error: BaseException) -> str | None:
    """What to do about an error, where it is that a module of BASE is missing."""
    if not isinstance(error, ModuleNotFoundError) or error.name not in BASE:
        return None
    return f"{error.name} is not installed: {ENTER}, or run pip install -e . in the project's folder"


def coremltools_writes() -> bool:
    """Whether the coremltools here has the library that writes weights.

    pip builds it from its source, without its libraries, where it has no wheel: for a newer Python, for Linux on ARM.
    """
    package = importlib.util.find_spec("coremltools")
    folders = package.submodule_search_locations if package is not None else None
    return PathFinder.find_spec("libmilstoragepython", folders or []) is not None


def version_of(name: str) -> str | None:
    """The installed version of a distribution, or of another one with its module, as tensorflow-cpu; None without."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        module = name.replace("-", "_")
        others = _bringing(tuple(sys.path)).get(module, ())
        found = (each for each in others if each.replace("-", "_").lower() != module)
        return next(map(importlib.metadata.version, found), None)


@cache
def _bringing(path: tuple[str, ...]) -> Mapping[str, list[str]]:
    """The distributions on sys.path by the modules that they bring: it takes a second to read all their lists."""
    return importlib.metadata.packages_distributions()


def required_version(name: str) -> str:
    """The same; UserError without."""
    version = version_of(name)
    if version is None:
        where = "pip install -e . in the project's folder" if name == KIT else f"pip install {name}"
        raise UserError(f"{name} is not installed: run {where}")
    return version
