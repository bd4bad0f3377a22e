"""The bundled sample image, and the README's pictures of scenes with predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from .. import scenes
from ..checkpoints import Checkpoint
from ..command_line import make_folder
from ..labels import palette
from ..manifest import Task
from .evaluate import load_demonstration

SAMPLE = Path(__file__).parent / "sample.png"
SAMPLE_INDEX = 3  # of the validation split
COLUMNS, ROWS, TILE, CAPTION = 6, 3, 190, 34
INK, RIGHT, WRONG = "#202124", "#137333", "#c5221f"
LEGEND, SWATCH, MARGIN = 34, 16, 4


def write_pictures(source: str, size: str | None, task: Task, folder: Path) -> None:
    """Write `folder`/sample.png (one scene) and a sheet of scenes with predictions, scenes.jpg or segments.jpg."""
    checkpoint = load_demonstration(source, size, task)
    make_folder(folder)
    scenes.render("validation", SAMPLE_INDEX).image.save(folder / "sample.png", optimize=True)
    sheet, name = (
        (_segments_sheet(checkpoint), "segments.jpg") if task == "segmentation" else (_sheet(checkpoint), "scenes.jpg")
    )
    sheet.save(folder / name, quality=88)
    print(f"wrote {folder / 'sample.png'} and {folder / name}")


def _sheet(checkpoint: Checkpoint) -> Image.Image:
    """Scenes, each captioned with the predicted class."""
    sheet = Image.new("RGB", (COLUMNS * TILE, ROWS * (TILE + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place in range(COLUMNS * ROWS):
        scene = scenes.render("validation", place)
        values = checkpoint.processor(scene.image, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            probabilities = torch.softmax(checkpoint.model(values).logits, dim=-1)[0]
        best = int(probabilities.argmax())
        thumbnail = scene.image.copy()
        thumbnail.thumbnail((TILE - 2 * MARGIN, TILE - 2 * MARGIN))
        left, top = place % COLUMNS * TILE, place // COLUMNS * (TILE + CAPTION)
        sheet.paste(thumbnail, (left + (TILE - thumbnail.width) // 2, top + (TILE - thumbnail.height) // 2))
        right = best == scene.label
        lines = [(f"{scenes.LABELS[best]}  {probabilities[best]:.0%}", RIGHT if right else WRONG)]
        if not right:
            lines.append((f"is: {scenes.LABELS[scene.label]}", INK))
        for number, (text, color) in enumerate(lines):
            draw.text((left + TILE / 2, top + TILE + 8 + 15 * number), text, fill=color, font=font, anchor="mm")
    return sheet


def _segments_sheet(checkpoint: Checkpoint) -> Image.Image:
    """Below each other: the crop that the network sees, its prediction, the truth; last, the classes' colours."""
    colors = np.array(palette(len(scenes.SEGMENT_LABELS)), dtype=np.uint8)
    sheet = Image.new("RGB", (COLUMNS * TILE, 3 * TILE + LEGEND), "white")
    for column in range(COLUMNS):
        scene = scenes.render("validation", column)
        batch = checkpoint.processor(scene.image, scene.segments, return_tensors="pt")
        pixels = checkpoint.processor.resize_and_crop(scene.image)
        with torch.inference_mode():
            output = checkpoint.model(batch["pixel_values"])
        (answer,) = checkpoint.processor.post_process_semantic_segmentation(output, [pixels.shape[:2]])
        for row, picture in enumerate((pixels, colors[answer.numpy()], colors[batch["labels"][0].numpy()])):
            tile = Image.fromarray(picture).resize((TILE - 2 * MARGIN, TILE - 2 * MARGIN))
            sheet.paste(tile, (column * TILE + MARGIN, row * TILE + MARGIN))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for index, label in enumerate(scenes.SEGMENT_LABELS):
        left, top = index * TILE + MARGIN, 3 * TILE + (LEGEND - SWATCH) // 2
        draw.rectangle((left, top, left + SWATCH, top + SWATCH), fill=tuple(colors[index].tolist()))
        draw.text((left + SWATCH + 8, top + SWATCH / 2), label, fill=INK, font=font, anchor="lm")
    return sheet
