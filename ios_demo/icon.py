"""Draws the app's icon: a dotted ring, as the bundled data set has them, on the patches that MobileViT looks at.

`python ios_demo/icon.py` writes it anew; a test holds the committed file to what this draws.
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw

ICON = Path(__file__).parent / "App" / "Resources" / "Assets.xcassets" / "AppIcon.appiconset" / "AppIcon.png"
SIDE, PATCHES, DOTS = 1024, 8, 12
LIGHT, DARK, RING, DOT = (46, 64, 96), (34, 48, 74), (242, 153, 74), (255, 246, 233)


def icon() -> Image.Image:
    """RGB, 1024 x 1024, without transparency, as the App Store takes it."""
    image = Image.new("RGB", (SIDE, SIDE), DARK)
    draw = ImageDraw.Draw(image)
    patch = SIDE // PATCHES
    for row in range(PATCHES):
        for column in range(row % 2, PATCHES, 2):
            left, top = column * patch, row * patch
            draw.rectangle((left, top, left + patch - 1, top + patch - 1), LIGHT)
    middle, outer, width = SIDE / 2, SIDE * 0.36, round(SIDE * 0.17)
    draw.ellipse((middle - outer, middle - outer, middle + outer, middle + outer), outline=RING, width=width)
    for turn in range(DOTS):
        angle, reach = 2 * math.pi * turn / DOTS, outer - width / 2
        x, y, radius = middle + reach * math.cos(angle), middle + reach * math.sin(angle), width * 0.26
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), DOT)
    return image


if __name__ == "__main__":
    icon().save(ICON, optimize=True)
