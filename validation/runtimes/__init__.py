"""Runtimes that execute artifacts: what one is (`runtime`), one file each, and their list (`registry`)."""

from .apart import each_apart, own_process, reading_seconds
from .registry import RUNTIMES, kind, load, load_fitting, load_here, looking_inside, runtime_class, suitable_runtimes
from .runtime import DEFAULT_OPTIONS, Failed, Layer, LooksInside, NotRun, Options, Runtime

__all__ = [
    "DEFAULT_OPTIONS", "RUNTIMES", "Failed", "Layer", "LooksInside", "NotRun", "Options", "Runtime", "each_apart",
    "kind", "load", "load_fitting", "load_here", "looking_inside", "own_process", "reading_seconds", "runtime_class",
    "suitable_runtimes",
]  # fmt: skip
