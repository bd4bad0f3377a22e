"""labels.csv: of each picture its class, the labels that are true of it, or its values. Its forms: `datasets`."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.errors import UserError
from reference.labels import LabelIndex
from reference.tensor_specs import Meaning
from reference.text_files import read_text

CSV = "labels.csv"
FILE, LABEL, VALUE = "file", ("label", "labels"), ("value", "label")  # columns
SEPARATORS = "|;"  # of labels in one cell
NO_OR_YES = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}  # as pandas writes them

Truth = int | tuple[float, ...]


@dataclass(frozen=True)
class _Row:
    line: int
    file: str
    cells: list[str]


class _Listing:
    """The file's columns, without spaces around their names, and its rows."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / CSV
        self._folder = folder
        self._records = self._read()
        _, columns = next(self._records, (1, []))
        self.columns = [cell.strip() for cell in columns]

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(read_text(self.path), newline=""), strict=True)
        try:
            yield from ((reader.line_num, cells) for cells in reader if cells)
        except csv.Error as error:
            raise UserError(f"{self.path}, line {reader.line_num}: {error}: write it as CSV, commas between") from error

    def place(self, *names: str) -> int | None:
        """Of the one of these columns that is there; UserError where several are, or one stands twice."""
        found = [place for place, name in enumerate(self.columns) if name in names]
        if len(found) > 1:
            both = " and ".join(self.columns[place] for place in found)
            raise UserError(f"{self.path} has the columns {both}: leave the one that counts")
        return found[0] if found else None

    def places(self, labels: LabelIndex) -> list[int | None]:
        """Of the column of each label; a column may be named by the label's number."""
        found: list[int | None] = [None] * len(labels)
        for place, name in enumerate(self.columns):
            index = labels.find(name)
            if index is None or name == FILE:
                continue
            other = found[index]
            if other is not None:
                raise UserError(f"{self.path}: the columns {self.columns[other]} and {name} are both label {index}")
            found[index] = place
        return found

    def rows(self) -> Iterator[_Row]:
        """Each with its file, a path within the folder in its one form; UserError for any that cannot be read."""
        place = self.place(FILE)
        assert place is not None  # who asks for rows has looked at the columns
        for line, cells in self._records:
            if len(cells) != len(self.columns):
                raise self.wrong(line, f"{len(cells)} cells for {len(self.columns)} columns: quote what holds a comma")
            name = cells[place]
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise self.wrong(line, f"{name} does not lie in {self._folder}: give paths within the folder")
            if not (self._folder / name).is_file():
                raise self.wrong(line, f"there is no file {self._folder / name}")
            yield _Row(line, Path(name).as_posix(), cells)

    def once(self) -> Iterator[_Row]:
        """Rows of which each is of another file."""
        lines: dict[str, int] = {}
        for row in self.rows():
            if row.file in lines:
                raise self.wrong(row.line, f"{row.file} stands in line {lines[row.file]} already: leave one")
            lines[row.file] = row.line
            yield row

    def needs(self, columns: str) -> UserError:
        return UserError(f"{self.path} needs the columns {FILE} and {columns} in its first line, with a comma between")

    def wrong(self, line: int, problem: str) -> UserError:
        return UserError(f"{self.path}, line {line}: {problem}")


def read_listed(folder: Path, labels: Sequence[str], meaning: Meaning) -> list[tuple[str, Truth]]:
    """Files with what is true of them, in the order of the rows.

    Returns:
        Of scores the sorted indices of the labels that are true, of values the value of each label, else the class.

    Raises:
        UserError: for a list of another form, with its line.
    """
    readers: dict[Meaning, Callable[[_Listing, Sequence[str]], list[tuple[str, Truth]]]] = {
        "scores": _label_sets,
        "values": _values,
    }
    listing = _Listing(folder)
    entries = readers.get(meaning, _classes)(listing, labels)
    if not entries:
        raise UserError(f"{listing.path} lists no images")
    return entries


def _classes(listing: _Listing, labels: Sequence[str]) -> list[tuple[str, Truth]]:
    index, place = LabelIndex(labels), listing.place(LABEL[0])
    if listing.place(FILE) is None or place is None:
        raise listing.needs(LABEL[0])
    return [(row.file, _index(listing, row.line, row.cells[place], index)) for row in listing.rows()]


def _label_sets(listing: _Listing, labels: Sequence[str]) -> list[tuple[str, Truth]]:
    index = LabelIndex(labels)
    places, place = listing.places(index), listing.place(*LABEL)
    if listing.place(FILE) is None or (place is None and not any(each is not None for each in places)):
        raise listing.needs(f"label, or a column for each of the checkpoint's {len(labels)} labels,")
    if place is None or None not in places:
        return _columns_of_labels(listing, labels, places)
    found: dict[str, set[int]] = {}
    for row in listing.rows():
        names = [part.strip() for part in _parts(row.cells[place].strip(), labels)]
        true = {_index(listing, row.line, name, index, ", or several with | or ; between") for name in names if name}
        found.setdefault(row.file, set()).update(true)
    return [(file, tuple(sorted(true))) for file, true in found.items()]


def _columns_of_labels(
    listing: _Listing, labels: Sequence[str], places: Sequence[int | None]
) -> list[tuple[str, Truth]]:
    known = _complete(listing, labels, places)
    entries: list[tuple[str, Truth]] = []
    for row in listing.once():
        said = [NO_OR_YES.get(row.cells[place].strip().lower()) for place in known]
        if None in said:
            place = known[said.index(None)]
            raise listing.wrong(
                row.line, f"{row.cells[place]!r} in the column {listing.columns[place]} is neither 0 nor 1"
            )
        entries.append((row.file, tuple(number for number, true in enumerate(said) if true)))
    return entries


def _values(listing: _Listing, labels: Sequence[str]) -> list[tuple[str, Truth]]:
    places = listing.places(LabelIndex(labels))
    if len(labels) == 1 and places == [None]:
        places = [listing.place(*VALUE)]
    if listing.place(FILE) is None or not any(each is not None for each in places):
        raise listing.needs("value" if len(labels) == 1 else f"one for each of the checkpoint's {len(labels)} labels")
    known = _complete(listing, labels, places)
    entries: list[tuple[str, Truth]] = []
    for row in listing.once():
        numbers = []
        for place in known:
            number = _number(row.cells[place])
            if number is None:
                raise listing.wrong(
                    row.line, f"{row.cells[place]!r} in the column {listing.columns[place]} is no number, such as -1.5"
                )
            numbers.append(number)
        entries.append((row.file, tuple(numbers)))
    return entries


def _complete(listing: _Listing, labels: Sequence[str], places: Sequence[int | None]) -> list[int]:
    missing = next((label for label, place in zip(labels, places) if place is None), None)
    if missing is not None:
        raise UserError(f"{listing.path} has no column for the checkpoint's label {missing!r}: add it")
    return [place for place in places if place is not None]


def _index(listing: _Listing, line: int, name: str, labels: LabelIndex, hint: str = "") -> int:
    found = labels.find(name)
    if found is None:
        raise listing.wrong(line, f"{name!r} is none of the checkpoint's {len(labels)} labels{hint}")
    return found


def _parts(cell: str, labels: Sequence[str]) -> list[str]:
    """The names in a cell; one that is a label as it stands is not taken apart."""
    if cell in labels:
        return [cell]
    separator = next((each for each in SEPARATORS if each in cell), None)
    return [cell] if separator is None else cell.split(separator)


def _number(text: str) -> float | None:
    """A finite one, written as programs write it."""
    text = text.strip()
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
