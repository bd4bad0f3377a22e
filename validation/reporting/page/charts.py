"""Plots as inline SVG: sizes in CSS pixels at a width of 360, colours by the page's classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from ..formats import heading
from .plot_data import Histogram, Measured, Profile

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 14, 38
PLOT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM


def histogram(data: Histogram) -> Markup:
    """Bars over decades of the absolute difference."""
    highest = max(1, *data.counts)
    step = PLOT[0] / len(data.counts)
    marks = []
    for index, count in enumerate(data.counts):
        height = PLOT[1] * count / highest
        says = f"{count:,} values differ by 1e{data.edges[index]:g} to 1e{data.edges[index + 1]:g}"
        marks.append(_bar(LEFT + index * step, height, step - 2, says))
    decades = [edge for edge in data.edges if edge == int(edge) and int(edge) % 3 == 0]
    places = [LEFT + PLOT[0] * (edge - data.edges[0]) / (data.edges[-1] - data.edges[0]) for edge in decades]
    labels = [_text(x, HEIGHT - BOTTOM + 14, f"1e{edge:g}", "middle") for x, edge in zip(places, decades)]
    axis = _ticks(_round(0, highest), lambda value: PLOT[1] * value / highest)
    return _svg(
        f"Histogram of absolute differences, {data.artifact} in {data.runtime}; {data.equal:,} values are equal",
        [*axis, *marks, *labels, _text(LEFT + PLOT[0] / 2, HEIGHT - 6, "|Δ| to the reference", "middle")],
    )


def profile(data: Profile) -> Markup:
    """A bar for each convolution, in the order they run, and the bound."""
    top = max([data.bound_db, *(layer.sqnr_db for layer in data.layers if layer.sqnr_db is not None)]) * 1.05
    step = PLOT[0] / max(1, len(data.layers))

    def height(value: float) -> float:
        return PLOT[1] * min(max(value, 0), top) / top

    marks = []
    for index, layer in enumerate(data.layers):
        value = layer.sqnr_db
        bad = value is None or value < data.bound_db
        says = f"{layer.module}: {'not finite' if value is None else f'{value:.1f} dB'}"
        marks.append(
            _bar(LEFT + index * step, PLOT[1] if value is None else height(value), step - 1, says, "bad" if bad else "")
        )
    y = HEIGHT - BOTTOM - height(data.bound_db)
    line = Markup('<line class="bound" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(LEFT, WIDTH - RIGHT, y, y)
    axis = _ticks(_round(0, top), height)
    label = f"convolutions, first to last; dashed: {data.bound_db:g} dB"
    return _svg(
        f"Signal to noise ratio of each layer, dB, {data.artifact}",
        [*axis, *marks, line, _text(LEFT + PLOT[0] / 2, HEIGHT - 14, label, "middle"), _text(4, 10, "dB", "start")],
    )


def scatters(models: Sequence[Measured]) -> list[Markup]:
    """Accuracy by size and by latency, latency by size; those for which there are two points or more."""
    accuracy = next(iter(models[0].figures), "")

    def right(model: Measured) -> float | None:
        return model.figures.get(accuracy)

    def megabytes(model: Measured) -> float | None:
        return None if model.bytes is None else model.bytes / 1e6

    def latency(model: Measured) -> float | None:
        return model.latency_ratio

    size, speed, figure = (megabytes, "size, MB"), (latency, "latency, to the reference's"), (right, heading(accuracy))
    plots = [_scatter(models, x, y) for x, y in ((size, figure), (speed, figure), (size, speed))]
    return [plot for plot in plots if plot]


Axis = tuple[Callable[[Measured], float | None], str]


def _scatter(models: Sequence[Measured], horizontal: Axis, vertical: Axis) -> Markup:
    """Models by their numbers in the table."""
    (x, across), (y, up) = horizontal, vertical
    points = [(number, x(each), y(each), each.model) for number, each in enumerate(models, start=1)]
    known = [(number, a, b, name) for number, a, b, name in points if a is not None and b is not None]
    if len(known) < 2:
        return Markup("")
    right = max(a for _, a, _, _ in known) * 1.1
    low, high = min(b for _, _, b, _ in known), max(b for _, _, b, _ in known)
    margin = max((high - low) * 0.15, 0.05)
    low, high = low - margin, high + margin

    def height(value: float) -> float:
        return PLOT[1] * (value - low) / (high - low)

    marks = []
    for number, a, b, name in known:
        place = LEFT + PLOT[0] * a / right, HEIGHT - BOTTOM - height(b)
        dot = '<g class="dot"><title>{}: {:.4g}, {:.4g}</title><circle cx="{:.1f}" cy="{:.1f}" r="9"/>'
        marks.append(Markup(dot).format(name, a, b, *place))
        marks.append(_text(place[0], place[1] + 4, str(number), "middle") + Markup("</g>"))
    axis = _ticks(_round(low, high), height)
    labels = [
        _text(LEFT + PLOT[0] * value / right, HEIGHT - BOTTOM + 14, f"{value:.4g}", "middle")
        for value in _round(0, right)
    ]
    return _svg(
        f"{up} by {across}, the numbers those of the table",
        [*axis, *labels, *marks, _text(LEFT + PLOT[0] / 2, HEIGHT - 6, across, "middle"), _text(4, 10, up, "start")],
    )


def _round(low: float, high: float) -> list[float]:
    """Three to seven round numbers in a range: multiples of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10((high - low) / 3))
    step = power * max(factor for factor in (1, 2, 5) if factor * power <= (high - low) / 3)
    return [step * index for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _svg(says: str, parts: Sequence[Markup]) -> Markup:
    whole = Markup('<svg role="img" viewBox="0 0 {} {}" aria-label="{}"><title>{}</title>').format(
        WIDTH, HEIGHT, says, says
    )
    return whole + Markup("").join(parts) + Markup("</svg>")


def _bar(x: float, height: float, width: float, says: str, kind: str = "") -> Markup:
    bar = '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
    return Markup(bar).format(kind, x, HEIGHT - BOTTOM - height, max(width, 1), height, says)


def _ticks(values: Sequence[float], height: Callable[[float], float]) -> list[Markup]:
    lines = []
    for value in values:
        y = HEIGHT - BOTTOM - height(value)
        line = '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        lines.append(Markup(line).format(LEFT, WIDTH - RIGHT, y, y) + _text(LEFT - 5, y + 4, f"{value:.4g}", "end"))
    return lines


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, escape(text))
