"""Rendered, labelled scenes: the data set of the bundled demonstration checkpoints.

A scene shows one main object whose class is *surface x shape* ("striped ring", "red star"). The shape is seen only
from afar (global), the surface only from near (local), and between the plain ``red`` and ``blue`` surfaces colour
alone decides, so a model that is fed BGR as RGB loses those classes. Small clutter objects carry other shapes and
surfaces; wide and tall scenes carry a full-size decoy, mostly outside the centre crop, so squashing an image instead
of resizing and cropping it costs accuracy too.

For segmentation, every pixel of every object, clutter and decoys included, belongs to the object's surface, and the
rest, the bars across objects too, to the background.

Every scene is a function of (split, index) alone: no download, no state. Only ``Generator.random`` feeds it, the one
stream that NumPy keeps stable across releases in practice; Pillow's releases differ in single pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .config import CROP, RESIZE_EDGE

SHAPES = ("disc", "triangle", "square", "star", "ring", "cross")
SURFACES = ("striped", "dotted", "checkered", "red", "blue")
LABELS = tuple(f"{surface} {shape}" for surface in SURFACES for shape in SHAPES)
SEGMENT_LABELS = ("background", *SURFACES)

# The first word of each scene's seed: splits never share a scene.
SPLITS = {"train": 1, "validation": 2}

_SUPERSAMPLE = 2  # masks are drawn twice as large and reduced: antialiased edges
_PLAIN_HUES = {"red": 0.0, "blue": 0.62}  # turns of the colour wheel
_CROP_REACH = 0.5 * CROP / RESIZE_EDGE  # half the centre crop, in shortest edges of the scene


@dataclass(frozen=True)
class Scene:
    """A rendered picture and what is true of it.

    image: mode "RGB", shortest edge 144..320 px, aspect ratio up to 1.5; label: index into LABELS;
    segments: mode "L", of the image's size, per pixel an index into SEGMENT_LABELS.
    """

    image: Image.Image
    label: int
    segments: Image.Image


@dataclass(frozen=True)
class _Canvas:
    """A picture in the making, and the surface that each of its pixels shows."""

    image: Image.Image
    segments: Image.Image

    def paste(self, patch: Image.Image, where: tuple[int, int], mask: Image.Image, segment: int) -> None:
        self.image.paste(patch, where, mask)
        self.segments.paste(segment, where, mask.point(lambda share: 255 * (share >= 128)))

    def polygon(self, corners: list[tuple[float, ...]], color: tuple[int, ...]) -> None:
        """Fill a polygon that belongs to the background."""
        ImageDraw.Draw(self.image).polygon(corners, fill=color)
        ImageDraw.Draw(self.segments).polygon(corners, fill=0)


def render(split: str, index: int) -> Scene:
    """Render scene `index` (>= 0) of `split` ("train" or "validation"); equal arguments give equal pixels."""
    rng, label = _start(split, index)
    surface, shape = divmod(label, len(SHAPES))

    short = int(_between(rng, 144, 320))
    aspect = _between(rng, 1.0, 1.5)
    width, height = (int(short * aspect), short) if rng.random() < 0.5 else (short, int(short * aspect))
    canvas = _Canvas(_background(rng, width, height), Image.new("L", (width, height), 0))
    center = np.array([width, height]) / 2 + short * (_uniform(rng, 2) - 0.5) * 0.24
    radius = short * _between(rng, 0.15, 0.36)

    for _ in range(int(_between(rng, 2, 7))):
        where = _uniform(rng, 2) * (width, height)
        _paste_object(canvas, rng, _any(rng, SHAPES), _any(rng, SURFACES), where, short * _between(rng, 0.04, 0.09))
    if aspect > 1.2:
        away = short * (_CROP_REACH + 0.02) + radius * _between(rng, 0.7, 1.0)
        offset = np.array([away, 0.0] if width > height else [0.0, away]) * (1 if rng.random() < 0.5 else -1)
        middle = np.array([width, height]) / 2
        _paste_object(canvas, rng, _any(rng, SHAPES), _any(rng, SURFACES), middle + offset, radius)
    _paste_object(canvas, rng, SHAPES[shape], SURFACES[surface], center, radius)
    for _ in range(int(_between(rng, 0, 3))):
        _paste_occluder(canvas, rng, center, radius)
    return Scene(_expose(canvas.image, rng, short), label, canvas.segments)


def label_of(split: str, index: int) -> int:
    """The label of scene `index` of `split`, without rendering it."""
    return _start(split, index)[1]


def _start(split: str, index: int) -> tuple[np.random.Generator, int]:
    rng = np.random.default_rng([SPLITS[split], index])
    return rng, int(rng.random() * len(LABELS))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())


def _uniform(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.random(count)


def _any(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.random() * len(choices))]


def _background(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A cloudy colour field: a few random colours, smoothly interpolated over the canvas."""
    cells = int(_between(rng, 2, 9))
    base = _uniform(rng, 3) * 160 + 40
    spread = _between(rng, 20, 110)
    field = base + spread * (rng.random((cells, cells, 3)) - 0.5)
    field = np.clip(field, 0, 255).astype(np.uint8)
    return Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR)


def _outline(shape: str) -> list[np.ndarray]:
    """Unit-radius polygons of a shape, outermost first; a second polygon is a hole."""

    def regular(count: int, radius: float = 1.0) -> np.ndarray:
        turn = 2 * math.pi * np.arange(count) / count - math.pi / 2
        return radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)

    if shape == "disc":
        return [regular(36, 0.9)]
    if shape == "ring":
        return [regular(36), regular(36, 0.52)]
    if shape == "triangle":
        return [regular(3, 1.1)]
    if shape == "square":
        return [regular(4, 1.1)]
    if shape == "star":
        star = regular(10, 1.1)
        star[1::2] *= 0.45
        return [star]
    arm, reach = 0.34, 1.0
    corner = np.array([[arm, reach], [arm, arm], [reach, arm]])
    quarter = np.array([[0, -1], [1, 0]])  # a turn by 90 degrees
    return [np.concatenate([corner @ np.linalg.matrix_power(quarter, k) for k in range(4)])]


def _paste_object(
    canvas: _Canvas, rng: np.random.Generator, shape: str, surface: str, center: np.ndarray, radius: float
) -> None:
    """Draw one object in place, in a random pose: rotated, foreshortened, with jittered corners."""
    turn = _between(rng, 0, 2 * math.pi)
    squeeze = np.diag([1.0, _between(rng, 0.72, 1.0)])
    pose = _rotation(_between(rng, 0, 2 * math.pi)) @ squeeze @ _rotation(turn)
    side = int(2.5 * radius) + 2
    mask = Image.new("L", (side * _SUPERSAMPLE, side * _SUPERSAMPLE), 0)
    draw = ImageDraw.Draw(mask)
    for polygon, ink in zip(_outline(shape), (255, 0)):
        jitter = 0.05 * (rng.random(polygon.shape) - 0.5) if len(polygon) < 36 else 0.0
        corners = (polygon + jitter) @ pose.T * radius * _SUPERSAMPLE + side * _SUPERSAMPLE / 2
        draw.polygon([tuple(corner) for corner in corners.tolist()], fill=ink)
    mask = mask.reduce(_SUPERSAMPLE)
    left, top = (np.asarray(center) - side / 2).astype(int).tolist()
    canvas.paste(_surface(rng, surface, side, radius), (left, top), mask, SEGMENT_LABELS.index(surface))


def _rotation(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _surface(rng: np.random.Generator, surface: str, side: int, radius: float) -> Image.Image:
    """A square patch of a surface: two colours and the pattern that mixes them."""
    if surface in _PLAIN_HUES:
        hue = _PLAIN_HUES[surface] + _between(rng, -0.05, 0.05)
        light = _hsv(hue, _between(rng, 0.5, 1.0), _between(rng, 0.45, 1.0))
        first, second = light, light * _between(rng, 0.6, 1.0)
    else:
        first = _hsv(*_uniform(rng, 3))
        second = _hsv(*_uniform(rng, 3))
        gap = second.mean() - first.mean()
        if abs(gap) < 60:  # the two colours of a pattern must differ in brightness
            second = np.clip(second + math.copysign(75, gap), 0, 255)
    period = max(6.0, radius * _between(rng, 0.28, 0.55))
    turn = _rotation(_between(rng, 0, math.pi)) / period
    y, x = np.ogrid[0:side, 0:side]
    u = (turn[0, 0] * x + turn[0, 1] * y).astype(np.float32)
    v = (turn[1, 0] * x + turn[1, 1] * y).astype(np.float32)
    mix = Image.fromarray((255 * _pattern(surface, u, v)).astype(np.uint8))
    return Image.composite(_plain(second, side), _plain(first, side), mix)


def _plain(color: np.ndarray, side: int) -> Image.Image:
    return Image.new("RGB", (side, side), tuple(color.astype(int).tolist()))


def _pattern(surface: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Share of the second colour, 0..1, at texture coordinates (u, v) measured in periods."""
    if surface == "striped":
        wave = np.abs(u - np.floor(u) - 0.5) - 0.25
    elif surface == "dotted":
        wave = 0.34 - np.hypot(u - np.floor(u) - 0.5, v - np.floor(v) - 0.5)
    elif surface == "checkered":
        wave = np.where((np.floor(2 * u) + np.floor(2 * v)) % 2 == 0, 0.25, -0.25)
    else:  # plain: a soft shade from one side to the other
        wave = 0.015 * u
    return np.clip(0.5 + 8 * wave, 0, 1)


def _hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """RGB in 0..255, float32."""
    ramp = np.abs((hue + np.array([1.0, 2 / 3, 1 / 3])) % 1.0 * 6 - 3) - 1
    return (255 * value * (1 - saturation * (1 - np.clip(ramp, 0, 1)))).astype(np.float32)


def _paste_occluder(canvas: _Canvas, rng: np.random.Generator, center: np.ndarray, radius: float) -> None:
    """A plain bar across the object, off its centre."""
    turn = _rotation(_between(rng, 0, 2 * math.pi))
    shift, half = radius * _between(rng, 0.1, 0.8), radius * _between(rng, 0.06, 0.2)
    reach = 1.5 * radius
    bar = np.array([[-reach, shift - half], [reach, shift - half], [reach, shift + half], [-reach, shift + half]])
    color = tuple(int(part) for part in _uniform(rng, 3) * 200 + 20)
    canvas.polygon([tuple(corner) for corner in (bar @ turn.T + center).tolist()], color)


def _expose(canvas: Image.Image, rng: np.random.Generator, short: int) -> Image.Image:
    """The camera: blur, light falling from one side, contrast, a colour cast, sensor noise."""
    blur = _between(rng, 0.0, 1.0) ** 2 * short / 110
    if blur > 0.3:
        canvas = canvas.filter(ImageFilter.BoxBlur(blur))
    height, width = canvas.height, canvas.width
    slope_x, slope_y = (_uniform(rng, 2) - 0.5) * 0.9
    light = 1 + slope_x * np.linspace(-0.5, 0.5, width)[None, :] + slope_y * np.linspace(-0.5, 0.5, height)[:, None]
    contrast, brightness = _between(rng, 0.35, 1.1), _between(rng, 70, 180)
    cast = 1 + (_uniform(rng, 3) - 0.5) * 0.16
    gain = (contrast * light)[..., None].astype(np.float32) * cast.astype(np.float32)
    pixels = np.asarray(canvas) * gain
    pixels += brightness - 128 * gain
    top, left = (_uniform(rng, 2) * 40).astype(int).tolist()
    pixels += _noise_bank()[top : top + height, left : left + width] * np.float32(_between(rng, 0, 1) ** 2 * 30)
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


@lru_cache(maxsize=1)
def _noise_bank() -> np.ndarray:
    """Unit-variance sensor noise larger than any scene [640, 640, 3]; a scene takes a random window of it."""
    rng = np.random.default_rng(0)
    return ((rng.random((640, 640, 3)) + rng.random((640, 640, 3)) - 1) * math.sqrt(6)).astype(np.float32)
