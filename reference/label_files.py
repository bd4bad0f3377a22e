"""Class names in a file, for checkpoints that bring none."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import UserError
from .labels import check_labels
from .text_files import read_text

INDICES, NAMES = ("index", "id", "class_id", "class_index"), ("label", "name", "class", "class_name")  # columns


def read_labels(path: Path, count: int) -> list[str]:
    """The names of `count` classes, in the order of their indices.

    - Text: one on each line.
    - .csv: one in each row, or a column `label` (or name, class) and, where the rows are in no order, `index` (or id).
    - .json: a list, or a map from index to name or from name to index, which may stand under `id2label` or `label2id`.

    Raises:
        UserError: for a file that is none of these, names another number of classes, or one that is empty.
    """
    text = read_text(path)
    kind = path.suffix.lower()
    labels = _json(text, path) if kind == ".json" else _csv(text, path) if kind == ".csv" else text.splitlines()
    while labels and not labels[-1].strip():  # as editors end a file
        labels.pop()
    if len(labels) != count:
        raise UserError(f"{path} names {len(labels)} classes, the checkpoint's head has {count}: give one for each")
    check_labels(labels, str(path))
    return labels


def _csv(text: str, path: Path) -> list[str]:
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    name = next((header.index(each) for each in NAMES if each in header), None)
    index = next((header.index(each) for each in INDICES if each in header), None)
    if name is None:
        if any(len(row) != 1 for row in rows):
            raise UserError(f"{path} has several columns: name them index and label in its first line")
        return [row[0] for row in rows]
    short = next((row for row in rows if len(row) <= max(name, index or 0)), None)
    if short is not None:
        raise UserError(f"{path} has a row of {len(short)} columns, its first has {len(rows[0])}: fill all")
    if index is None:
        return [row[name] for row in rows[1:]]
    return _in_order([(row[index], row[name]) for row in rows[1:]], path)


def _json(text: str, path: Path) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON: {error}") from error
    if isinstance(found, Mapping):
        found = found.get("id2label", found.get("label2id", found))
    if isinstance(found, list) and all(isinstance(name, str) for name in found):
        return found
    if isinstance(found, Mapping) and all(isinstance(name, str) for name in found.values()):
        return _in_order(list(found.items()), path)
    if isinstance(found, Mapping) and all(type(index) is int for index in found.values()):
        return _in_order([(index, name) for name, index in found.items()], path)
    raise UserError(f"{path} must hold a list of names, or a map from index to name or from name to index")


def _in_order(pairs: Sequence[tuple[Any, str]], path: Path) -> list[str]:
    names = {}
    for index, name in pairs:
        if not re.fullmatch(r"\s*\d{1,9}\s*", str(index)) or int(index) in names:
            raise UserError(f"{path}: the index {index!r} of {name!r} is no number, or stands twice")
        names[int(index)] = name
    missing = next((index for index in range(len(names)) if index not in names), None)
    if missing is not None:
        raise UserError(f"{path} names no class {missing}: number the classes from 0")
    return [names[index] for index in range(len(names))]
