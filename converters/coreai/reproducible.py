"""The same bytes for the same checkpoint: names by number, and metadata in order.

Apple's compiler names weights by a hash that each process seeds anew, and inner graphs by chance; metadata lie in the
order of a table whose hash is seeded too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from coreai._compiler.ir import Module
from coreai.authoring.asset import AIProgram
from coreai.authoring.context import Context

from .operations import GRAPH

METADATA = "metadata.json"
_RANDOM = re.compile(rf"\b(resource)_\d+\b|\b({GRAPH})_[a-z]+\b")


def with_settled_names(program: AIProgram) -> AIProgram:
    """The same program, read from its text, in which names of chance are numbered as they come."""
    names: dict[str, str] = {}
    text = _RANDOM.sub(lambda found: names.setdefault(found[0], f"{found[1] or found[2]}_{len(names)}"), str(program))
    with Context()._mlir_context:
        return AIProgram._from_mlir_module(Module.parse(text))


def sort_metadata(asset: Path) -> None:
    """Write the metadata of an asset anew, by their names."""
    path = asset / METADATA
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=2, sort_keys=True) + "\n", "utf-8")
