"""The classifier at the end of a program."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..registry import op


@op("classify")
def classify(probabilities: Tensor, classes: Any) -> tuple[Any, dict[Any, float]]:
    """The most probable class, a string or an integer, and the probability of each. iOS15 on.

    Uncertain: which of equally probable classes Apple takes; here the first one.
    """
    names = [name if isinstance(name, str) else int(name) for name in classes]
    values = probabilities.reshape(-1).tolist()
    if len(names) != len(values):
        raise ValueError(f"{len(names)} classes for {len(values)} probabilities")
    return names[values.index(max(values))], dict(zip(names, values))
