"""Sizes of crops as they are typed."""

from __future__ import annotations

import argparse

from reference.command_line import positive

Size = tuple[int, int]  # height and width, pixels


def size(text: str) -> tuple[Size, ...]:
    """The size of a crop, as an argparse type: the side of a square, or height x width."""
    return (_pixels(text, "give the side of a square, for example 256, or height x width, for example 192x320"),)


def sizes(text: str) -> tuple[Size, ...]:
    """The same of one crop or several."""
    advice = "give the side of a square, for example 256, height x width, or several sides with commas between"
    return tuple(_pixels(part, advice) for part in text.split(","))


def _pixels(text: str, advice: str) -> Size:
    try:
        height, width = [*map(positive, text.split("x"))] * (1 if "x" in text else 2)
        return height, width
    except (argparse.ArgumentTypeError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pixels: {advice}") from None


def as_typed(size: Size) -> str:
    """As it is typed."""
    return f"{size[0]}x{size[1]}" if size[0] != size[1] else str(size[0])
