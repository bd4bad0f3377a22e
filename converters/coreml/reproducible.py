"""The same bytes for the same checkpoint: identifiers by place, and tables in order.

coremltools' writer draws an identifier for each item of a package, and protobuf writes the entries of a table as they
lie in memory, by a hash that each process seeds anew.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from .lean_import import import_coremltools

ct = import_coremltools()


def settle(package: Path) -> None:
    """Write the list of items of a package anew, and its program's text."""
    path = package / "Manifest.json"
    listing = json.loads(path.read_text("utf-8"))
    items: dict[str, Any] = listing["itemInfoEntries"]
    names = {name: str(uuid.uuid5(uuid.NAMESPACE_URL, item["path"])) for name, item in items.items()}
    program = package / "Data" / items[listing["rootModelIdentifier"]]["path"]
    listing["itemInfoEntries"] = {names[name]: item for name, item in items.items()}
    listing["rootModelIdentifier"] = names[listing["rootModelIdentifier"]]
    path.write_text(json.dumps(listing, indent=4, sort_keys=True) + "\n", "utf-8")
    spec = ct.proto.Model_pb2.Model.FromString(program.read_bytes())
    program.write_bytes(spec.SerializeToString(deterministic=True))
