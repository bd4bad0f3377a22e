"""MobileViT in PyTorch: the truth that every artifact is derived from and measured against.

Names and parameters follow the Hugging Face MobileViT page. Importing this package loads nothing heavy; PyTorch and
TensorFlow come with the first class that needs them.
"""

from __future__ import annotations

import sys


def _end_quietly(kind, error, trace) -> None:  # type: ignore[no-untyped-def]
    """Ctrl-C while a command is still being loaded is one line, as it is later: see interruption.py."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


if sys.argv[:1] == ["-m"]:  # as Python has it for as long as it looks for the module to run
    sys.excepthook = _end_quietly

import importlib  # noqa: E402
import os  # noqa: E402
from typing import Any  # noqa: E402

# ONNX Runtime tells its maker of each import, and writes a number of this device under the user's cache; it reads this
# as it is imported, for which all that imports it has imported this package before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# huggingface_hub else tells what is installed here, and first asks for a list of programs to look for.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

_MODULES = {
    "AutoImageProcessor": "image_processor",
    "MobileViTConfig": "config",
    "MobileViTFeatureExtractor": "image_processor",
    "MobileViTForImageClassification": "heads",
    "MobileViTForSemanticSegmentation": "heads",
    "MobileViTImageProcessor": "image_processor",
    "MobileViTImageProcessorPil": "image_processor",
    "MobileViTModel": "mobilevit",
    "TFMobileViTForImageClassification": "keras.models",
    "TFMobileViTForSemanticSegmentation": "keras.models",
    "TFMobileViTModel": "keras.models",
    "load_checkpoint": "checkpoints",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
