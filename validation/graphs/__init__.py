"""What an artifact of any format computes, as one plain graph; read from the file alone, nothing runs.

Files of others are welcome: no manifest is needed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from reference.errors import UserError
from reference.plain_files import require_file_at

from .graph import Graph, Node, Value, Weights

__all__ = ["Graph", "Node", "Value", "Weights", "read"]

READERS = {".tflite": ".tflite", ".mlpackage": ".mlpackage", ".onnx": ".onnx", ".aimodel": ".aimodel"}


def read(artifact: Path) -> Graph:
    """The graph in a file.

    Raises:
        UserError: for a file of another kind, one that is broken, or where the library that reads it is missing.
    """
    if not artifact.exists():
        raise UserError(f"{artifact} does not exist")
    if artifact.suffix not in READERS:
        raise UserError(f"{artifact} is none of {', '.join(READERS)}")
    require_file_at(artifact)
    return import_module(READERS[artifact.suffix], __name__).read(artifact)
