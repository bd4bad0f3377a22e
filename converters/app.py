"""An artifact for an app: where it goes in the demos, and the golden set beside it."""

from __future__ import annotations

from pathlib import Path

from reference.checkpoints import Checkpoint
from reference.golden import PICTURES, GoldenSet, golden_set
from reference.manifest import Manifest
from reference.picture_files import images_in, open_image

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


def golden_of(checkpoint: Checkpoint, manifest: Manifest, folder: Path | None) -> GoldenSet:
    """The golden set of an artifact.

    Args:
        checkpoint: what the artifact was made from, with its crop.
        folder: of pictures, the first ones of which serve; None: rendered scenes.
    """
    pictures = None if folder is None else [open_image(path) for path in images_in(folder)[:PICTURES]]
    return golden_set(checkpoint, manifest, pictures)
