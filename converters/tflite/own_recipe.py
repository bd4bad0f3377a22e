"""A user's own recipe: ai-edge-quantizer's JSON, read and checked once, before anything slow."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reference.errors import UserError
from reference.text_files import read_text

from ..options import short_hash

KEYS = {"regex", "operation", "algorithm_key", "op_config"}
BITS = {4, 8, 16}  # that reference/tolerances.py has figures for


@dataclass(frozen=True)
class OwnRecipe:
    """name: of its file, without the ending; text: its content, JSON in ai-edge-quantizer's form."""

    name: str
    text: str

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Its rules."""
        return json.loads(self.text)

    @property
    def bits(self) -> int:
        """Of the coarsest numbers that its rules name."""
        return min(_bits(self.entries))

    def __str__(self) -> str:
        """As a file's name tells it apart from all others: by its own name, and a hash of its content."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", f"{self.name}-{short_hash(self.text)}").strip("-")


def read_recipe(path: str | Path) -> OwnRecipe:
    """The recipe in a file; UserError where it holds none."""
    found = OwnRecipe(Path(path).stem, read_text(Path(path)))
    try:
        entries = found.entries
    except (ValueError, RecursionError) as error:
        raise UserError(f"recipe {path} is no JSON: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(each, dict) and set(each) <= KEYS for each in entries):
        raise UserError(f"recipe {path} must be a list of objects with {', '.join(sorted(KEYS))}")
    bits = _bits(entries)
    if not bits:
        raise UserError(f"recipe {path} quantizes nothing: leave --recipe out, and give --quantize none")
    if not BITS.issuperset(bits):
        known = ", ".join(map(str, sorted(BITS)))
        raise UserError(f"recipe {path} asks for {min(bits - BITS)} bits: {known} are known")
    return found


def _bits(entries: list[dict[str, Any]]) -> set[int]:
    """Of weights and activations, as far as rules name any."""
    configs = [entry.get("op_config") for entry in entries]
    tensors = [each for config in configs if isinstance(config, dict) for each in config.values()]
    return {each["num_bits"] for each in tensors if isinstance(each, dict) and isinstance(each.get("num_bits"), int)}
