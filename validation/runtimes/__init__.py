"""Runtimes that execute artifacts: what one is (`runtime`), one file each, and their list (`registry`)."""

from .registry import RUNTIMES, kind, load, load_fitting, looking_inside, runtime_class, suitable_runtimes
from .runtime import DEFAULT_OPTIONS, Layer, LooksInside, NotRun, Options, Runtime

__all__ = [
    "DEFAULT_OPTIONS", "RUNTIMES", "Layer", "LooksInside", "NotRun", "Options", "Runtime", "kind", "load",
    "load_fitting", "looking_inside", "runtime_class", "suitable_runtimes",
]  # fmt: skip
