"""Where the pictures of a comparison come from: files, rendered scenes, a golden set."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from reference.errors import UserError
from reference.golden import GoldenSet, read_golden
from reference.images import quiet_pillow
from reference.picture_files import images_in, open_image

IMAGES = 16  # rendered scenes, where no pictures are given


def scenes() -> list[Image.Image]:
    """The first IMAGES rendered validation scenes."""
    from reference.scenes import render

    return [render("validation", index).image for index in range(IMAGES)]


def pictures_of(golden: GoldenSet) -> list[Image.Image]:
    """The pictures of a golden set; UserError for one that is none."""
    try:
        with quiet_pillow():
            return [Image.open(io.BytesIO(each.png)).convert("RGB") for each in golden.pictures]
    except Exception as error:  # as of files, see open_image
        raise UserError(f"the golden set of {golden.artifact} holds a broken picture: {error}") from error


def named(paths: Sequence[Path], golden: Path | None) -> tuple[list[str], list[Image.Image]]:
    """What a command is to compare on, with names: a golden set's pictures, image files and those in folders and below,
    or where neither is given `scenes`; UserError where there are none."""
    if golden is not None:
        read = read_golden(golden)
        return [each.name for each in read.pictures], pictures_of(read)
    files = [path for given in paths for path in (images_in(given) if given.is_dir() else [given])]
    if not files:
        rendered = scenes()
        return [f"scene {index}" for index in range(len(rendered))], rendered
    return list(map(str, files)), list(map(open_image, files))
