"""An artifact for an app: where it goes in the demos, and the golden set beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.golden import PICTURES, golden_path, golden_set
from reference.picture_files import images_in, open_image

from .artifact import Written

# Where the demos look for artifacts, by the demo's folder.
MODELS = {"ios_demo": "App/Models", "android_demo": "app/src/main/assets/models"}


def models_folder(app: Path) -> Path:
    """The place for artifacts in the folder of a demo; any other folder is that place itself."""
    return app / MODELS.get(app.resolve().name, "")


def is_demo(app: Path) -> bool:
    """Whether it is the folder of a demo, whose library takes artifacts of one image."""
    return app.resolve().name in MODELS


def check_pictures(folder: Path) -> None:
    """UserError where there is no picture in `folder`, or the first cannot be read."""
    open_image(images_in(folder)[0])


def write_golden(written: Written, checkpoint: Checkpoint, folder: Path | None = None) -> Path:
    """Write the golden set of an artifact, whole or not at all; returns its path.

    Args:
        checkpoint: what the artifact was made from.
        folder: of pictures, the first ones of which serve; None: rendered scenes.
    """
    pictures: Sequence[Image.Image] | None = None
    if folder is not None:
        pictures = [open_image(path) for path in images_in(folder)[:PICTURES]]
    facts = written.manifest.preprocessing
    cropped = checkpoint.cropping(facts.crop_height, facts.crop_width)
    path = golden_path(written.path)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(golden_set(cropped, written.manifest, pictures).model_dump_json(indent=1) + "\n", "utf-8")
        aside.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror}): choose another --into") from error
    finally:
        aside.unlink(missing_ok=True)
    return path
