"""Where the pictures of a comparison come from: files, rendered scenes, a golden set."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from reference.errors import UserError
from reference.golden import GoldenSet
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


def pictures(paths: Sequence[Path]) -> list[Image.Image]:
    """Image files, and those in folders and below; UserError where there are none."""
    return [open_image(path) for given in paths for path in (images_in(given) if given.is_dir() else [given])]
