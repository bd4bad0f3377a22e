"""The bundled sample image, and the README's picture of scenes with predictions."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

from ..command_line import make_folder
from . import scenes
from .evaluate import load_demonstration

SAMPLE = Path(__file__).parent / "sample.png"
SAMPLE_INDEX = 3  # of the validation split
COLUMNS, ROWS, TILE, CAPTION = 6, 3, 190, 34
INK, RIGHT, WRONG = "#202124", "#137333", "#c5221f"


def write_pictures(source: str, size: str | None, folder: Path) -> None:
    """Write `folder`/sample.png (one scene) and `folder`/scenes.jpg (a sheet of scenes, captioned with predictions)."""
    checkpoint = load_demonstration(source, size)
    make_folder(folder)
    scenes.render("validation", SAMPLE_INDEX).image.save(folder / "sample.png", optimize=True)
    sheet = Image.new("RGB", (COLUMNS * TILE, ROWS * (TILE + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place in range(COLUMNS * ROWS):
        scene = scenes.render("validation", place)
        values = checkpoint.processor(scene.image, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            probabilities = torch.softmax(checkpoint.model(values).logits, dim=-1)[0]
        best = int(probabilities.argmax())
        thumbnail = scene.image.copy()
        thumbnail.thumbnail((TILE - 8, TILE - 8))
        left, top = place % COLUMNS * TILE, place // COLUMNS * (TILE + CAPTION)
        sheet.paste(thumbnail, (left + (TILE - thumbnail.width) // 2, top + (TILE - thumbnail.height) // 2))
        right = best == scene.label
        lines = [(f"{scenes.LABELS[best]}  {probabilities[best]:.0%}", RIGHT if right else WRONG)]
        if not right:
            lines.append((f"is: {scenes.LABELS[scene.label]}", INK))
        for number, (text, color) in enumerate(lines):
            draw.text((left + TILE / 2, top + TILE + 8 + 15 * number), text, fill=color, font=font, anchor="mm")
    sheet.save(folder / "scenes.jpg", quality=88)
    print(f"wrote {folder / 'sample.png'} and {folder / 'scenes.jpg'}")
