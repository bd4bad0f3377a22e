"""Where pixels go: resized in proportion, then cropped around the centre."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """The size after resizing, and the crop's top left corner in it, pixels; negative where zeros pad the crop."""

    width: int
    height: int
    left: int
    top: int


def resized(width: int, height: int, shortest_edge: int) -> tuple[int, int]:
    """Width and height after the shortest edge became `shortest_edge`; the other one is cut to whole pixels."""
    longest = int(shortest_edge * max(width, height) / min(width, height))
    return (shortest_edge, longest) if width <= height else (longest, shortest_edge)


def fitted(width: int, height: int, to_width: int, to_height: int, *, within: bool) -> tuple[int, int]:
    """Width and height, in proportion, of the smallest image that covers the rectangle, or of the largest `within` it.

    Both are rounded, halves to even, to one pixel at least. Source: timm's ResizeKeepRatio.
    """
    ratio = (max if within else min)(width / to_width, height / to_height)
    return max(1, round(width / ratio)), max(1, round(height / ratio))


def centered(width: int, height: int, crop_width: int, crop_height: int) -> Placement:
    """A crop around the centre of an image of this size, padded where it is larger as Hugging Face pads it."""
    return Placement(width, height, (width - crop_width) // 2, (height - crop_height) // 2)
