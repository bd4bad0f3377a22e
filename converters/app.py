"""An artifact for an app: where it goes in the demos, and the golden set beside it."""

from __future__ import annotations

from pathlib import Path

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.golden import PICTURES, GoldenSet, golden_set
from reference.manifest import Format, Manifest
from reference.picture_files import images_in, open_image

# Where the demos look for artifacts, and of which formats, by the demo's folder.
MODELS = {"ios_demo": "App/Models", "android_demo": "app/src/main/assets/models"}
FORMATS: dict[str, tuple[Format, ...]] = {"ios_demo": ("mlpackage", "aimodel"), "android_demo": ("tflite",)}


def models_folder(app: Path) -> Path:
    """The place for artifacts in the folder of a demo; any other folder is that place itself."""
    return app / MODELS.get(app.resolve().name, "")


def check_app(app: Path, format: Format, batch: int) -> None:
    """UserError where it is the folder of a demo that does not run such artifacts."""
    name = app.resolve().name
    formats = FORMATS.get(name, (format,))
    if format not in formats:
        raise UserError(f"{name} runs {' and '.join(f'.{each}' for each in formats)} files, and no .{format}")
    if name in FORMATS and batch > 1:
        raise UserError(f"{name} runs one image at a time: leave --batch out, or --into")


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
