"""What an artifact of any format computes, as one plain graph; read from the file alone, nothing runs.

Files of others are welcome: no manifest is needed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from reference.errors import UserError
from reference.plain_files import require_file_at

from .cells import Cells, Stored
from .graph import Graph, Node, Value, Weights

__all__ = ["Cells", "Graph", "Node", "Stored", "Value", "Weights", "read", "stored"]

READERS = {".tflite": ".tflite", ".mlpackage": ".mlpackage", ".onnx": ".onnx", ".aimodel": ".aimodel"}


def read(artifact: Path) -> Graph:
    """The graph in a file.

    Raises:
        UserError: for a file of another kind, one that is broken, or where the library that reads it is missing.
    """
    return _reader(artifact).read(artifact)


def stored(artifact: Path) -> Stored:
    """The weights in a file, and the epsilons of its norms.

    Raises:
        UserError: see read; and for weights in a form that only other tools write.
    """
    return _reader(artifact).stored(artifact)


def _reader(artifact: Path) -> Any:
    if not artifact.exists():
        raise UserError(f"{artifact} does not exist")
    if artifact.suffix not in READERS:
        raise UserError(f"{artifact} is none of {', '.join(READERS)}")
    require_file_at(artifact)
    return import_module(READERS[artifact.suffix], __name__)
