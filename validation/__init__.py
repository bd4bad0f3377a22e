"""Validation harness: runs artifacts as an app would and holds them against the reference.

from validation import parity, verdict

assert verdict(parity(["build/x.tflite"])) == "PASS"
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .artifact import Artifact, References, open_artifacts
    from .baselines.compare import Drift, drift
    from .checks.accuracy import Accuracies, accuracy
    from .checks.latency import Latency, latency
    from .checks.localize import Located, localize
    from .checks.parity import Parity, parity
    from .checks.structure import Structure, structure
    from .device.judge import import_device
    from .results import Check, exit_code, verdict
    from .runtimes import NotRun, Options

__all__ = [
    "Accuracies", "Artifact", "Check", "Drift", "Latency", "Located", "NotRun", "Options", "Parity", "References",
    "Structure", "accuracy", "drift", "exit_code", "import_device", "latency", "localize", "open_artifacts", "parity",
    "structure", "verdict",
]  # fmt: skip

_HOMES = {
    "artifact": ("Artifact", "References", "open_artifacts"),
    "baselines.compare": ("Drift", "drift"),
    "checks.accuracy": ("Accuracies", "accuracy"),
    "checks.latency": ("Latency", "latency"),
    "checks.localize": ("Located", "localize"),
    "checks.parity": ("Parity", "parity"),
    "checks.structure": ("Structure", "structure"),
    "device.judge": ("import_device",),
    "results": ("Check", "exit_code", "verdict"),
    "runtimes": ("NotRun", "Options"),
}


def __getattr__(name: str) -> object:
    """Import on first use: `--help` must not wait for torch."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
