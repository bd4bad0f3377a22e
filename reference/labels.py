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
