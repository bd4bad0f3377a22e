"""Validation harness: runs artifacts as an app would and holds them against the reference.

from validation import parity, verdict

assert verdict(parity(["build/x.tflite"])) == "PASS"
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .comparison import Parity, parity
    from .composition import Structure, structure
    from .devices import import_device
    from .layers import Located, localize
    from .measurement import Accuracies, accuracy
    from .regression import Drift, drift
    from .results import Check, exit_code, verdict
    from .runtimes import NotRun, Options
    from .timing import Latency, latency

__all__ = [
    "Accuracies", "Check", "Drift", "Latency", "Located", "NotRun", "Options", "Parity", "Structure", "accuracy",
    "drift", "exit_code", "import_device", "latency", "localize", "parity", "structure", "verdict",
]  # fmt: skip

_HOMES = {
    "comparison": ("Parity", "parity"),
    "composition": ("Structure", "structure"),
    "devices": ("import_device",),
    "layers": ("Located", "localize"),
    "measurement": ("Accuracies", "accuracy"),
    "regression": ("Drift", "drift"),
    "results": ("Check", "exit_code", "verdict"),
    "runtimes": ("NotRun", "Options"),
    "timing": ("Latency", "latency"),
}


def __getattr__(name: str) -> object:
    """Import on first use: `--help` must not wait for torch."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
