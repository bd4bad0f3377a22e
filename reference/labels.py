"""Class names, made fit for maps from name to probability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


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


def palette(count: int) -> list[tuple[int, int, int]]:
    """RGB colours of `count` <= 256 classes as Pascal VOC paints its class maps; class 0, the background, is black.

    Source: the colour map of the VOC development kit, where the bits of the index, lowest first, are dealt to red,
    green and blue, highest bit first.
    """
    colors = []
    for index in range(count):
        channels = [sum((index >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(3)) for channel in range(3)]
        colors.append((channels[0], channels[1], channels[2]))
    return colors


def as_hex(color: tuple[int, int, int]) -> str:
    """RGB, 0..255 each -> "#RRGGBB"."""
    return "#{:02X}{:02X}{:02X}".format(*color)
