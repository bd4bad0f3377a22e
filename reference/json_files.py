"""JSON objects in files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import UserError
from .plain_files import read_bytes


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object from a file; UserError names the file when there is none or it is no JSON object."""
    try:
        content = read_bytes(Path(path))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        fields = json.loads(content)  # in UTF-8 or UTF-16, with a byte order mark or without
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(fields, dict):
        raise UserError(f"{path} must hold a JSON object, not a {type(fields).__name__}")
    return fields


def write_json(path: str | Path, fields: Mapping[str, Any]) -> None:
    """Write `fields` as indented JSON with a final newline, making the folder where needed."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
