"""Class names: fit for maps from name to probability, found by how people write them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from .errors import UserError


def distinct(labels: Sequence[str]) -> list[str]:
    """The labels, with the class index added to those that stand twice.

    ImageNet has two classes named "crane"; a dictionary from label to probability would lose one of them.
    """
    count, names = Counter(labels), []
    for index, label in enumerate(labels):
        name = label
        while count[name] > 1 or (name != label and count[name]):
            name = f"{name} ({index})"
        names.append(name)
    return names


def check_labels(labels: Sequence[str], source: str) -> None:
    """UserError for a label that no list with one on each line can hold; `source` names where they are from."""
    for index, label in enumerate(labels):
        if not label.strip() or label.splitlines() != [label]:
            what = "has a line break" if label.strip() else "is empty"
            raise UserError(f"{source}: label {index} {what} ({label!r}): give one line of text for each label")


class LabelIndex:
    """From what people call a class to its index.

    A name is a label as it stands; or one that differs in case, in the form of its Unicode, or in what stands between
    words; or a number, the index itself. Nothing else is taken for a label.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._count = len(labels)
        self.first = next(iter(labels), "")
        self._exact = {label: index for index, label in enumerate(labels)}
        self._distinct = {label: index for index, label in enumerate(distinct(labels))}
        self._twice = {label for label, count in Counter(labels).items() if count > 1}
        self._plain: dict[str, list[int]] = {}
        for index, label in enumerate(labels):
            self._plain.setdefault(_plain(label), []).append(index)

    def __len__(self) -> int:
        return self._count

    def find(self, name: str) -> int | None:
        """The index; None for a name that is no label, or that of several."""
        if name in self._twice:
            return None
        for exact in (self._exact, self._distinct):
            if name in exact:
                return exact[name]
        plain = _plain(name)
        alike = self._plain.get(plain, [])
        if plain and alike:
            return alike[0] if len(alike) == 1 else None
        number = int(name) if name.isascii() and name.isdecimal() and len(name) < 10 else self._count
        return number if number < self._count else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()


def palette(count: int) -> list[tuple[int, int, int]]:
    """RGB colours of `count` <= 256 classes as Pascal VOC paints its class maps; class 0, the background, is black.

    A class alone is no background, and has the colour of class 1.

    Source: the colour map of the VOC development kit, where the bits of the index, lowest first, are dealt to red,
    green and blue, highest bit first.
    """
    colors = []
    for index in range(count) if count != 1 else [1]:
        channels = [sum((index >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(3)) for channel in range(3)]
        colors.append((channels[0], channels[1], channels[2]))
    return colors


def as_hex(color: tuple[int, int, int]) -> str:
    """RGB, 0..255 each -> "#RRGGBB"."""
    return "#{:02X}{:02X}{:02X}".format(*color)
