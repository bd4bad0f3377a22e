"""Weights from files: safetensors or pickles of tensors, whole or in shards."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from .errors import UserError
from .json_files import read_json
from .plain_pickles import check_count, read_pickle
from .sources import INDEX, Source

# What lies in the place of weights where a download went wrong, by how it begins.
IMPOSTORS = {
    b"version https://git-lfs": "a pointer of Git LFS: run `git lfs pull` in its folder",
    b"<!doctype html": "a web page: fetch the file itself",
    b"<html": "a web page: fetch the file itself",
}


def read_content(place: Source, path: Path) -> tuple[Any, str]:
    """What the weights file at `path` holds, of an index all its shards together; and a sha256.

    The sha256 is that of the file; of shards, over their lines "<sha256>  <name>\\n", sorted by name.

    Raises:
        UserError: when a file is missing or broken, or holds Python objects beside its tensors.
    """
    if not path.name.endswith(INDEX):
        return _read(path), hashlib.sha256(path.read_bytes()).hexdigest()
    content: dict[str, Any] = {}
    lines = []
    for name in _shards(path):
        shard = place.find(name)
        if shard is None:
            raise UserError(f"{path} names the shard {name}, which is not there: fetch it too")
        tensors = _read(shard)
        if not isinstance(tensors, dict):
            raise UserError(f"{shard} holds no dictionary of tensors, though {path} names it: fetch it again")
        content |= tensors
        lines.append(f"{hashlib.sha256(shard.read_bytes()).hexdigest()}  {name}\n")
    return content, hashlib.sha256("".join(lines).encode()).hexdigest()


def _shards(path: Path) -> list[str]:
    """Their names, sorted, each of a file beside the index."""
    names = read_json(path).get("weight_map")
    if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
        raise UserError(f"{path} is no index of shards: its weight_map must name the file of each tensor")
    strange = next((name for name in names.values() if name in ("", ".", "..") or set(name) & set("/\\:")), None)
    if strange is not None:
        raise UserError(f"{path} names the shard {strange!r}, which does not lie beside it: fetch the checkpoint again")
    return sorted(set(names.values()))


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            start = file.read(64).lstrip().lower()
        impostor = next((what for begins, what in IMPOSTORS.items() if start.startswith(begins)), None)
        if impostor is not None:
            raise UserError(f"{path} holds no weights but {impostor}")
        if not start:
            raise UserError(f"{path} is empty: fetch it again")
        if path.suffix != ".safetensors":
            return read_pickle(path)
        with safe_open(path, "pt") as file:
            check_count(len(file.keys()), path)
        return load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path} is truncated or no safetensors file: fetch it again") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
