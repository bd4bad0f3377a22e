"""Picture files: those in a folder, and each opened."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from .errors import UserError
from .extras import require
from .images import quiet_pillow
from .plain_files import require_file_at

HEIC = (".heic", ".heif", ".hif")


def open_image(path: str | Path) -> Image.Image:
    """Open and decode an image file; UserError when there is none or it is no image."""
    require_file_at(Path(path))
    if Path(path).suffix.lower() in HEIC:
        require("heic", "pillow_heif")
        _know_heic()
    try:
        with quiet_pillow(), Image.open(path) as image:
            image.load()
            return image
    except UnidentifiedImageError as error:
        raise UserError(f"{path} is not an image that Pillow can read: give a JPEG, PNG or similar file") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on broken files, SyntaxError included
        raise UserError(f"cannot read image {path}: {getattr(error, 'strerror', None) or error}") from error


def images_in(folder: Path) -> list[Path]:
    """The image files in `folder` and below, sorted by path, without those that a system left there.

    One line on stderr counts what was left out. UserError when there is no image, or HEIC without its library.
    """
    suffixes = {*Image.registered_extensions(), *HEIC}
    try:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from error
    chosen = [path for path in paths if not any(map(is_left_over, path.relative_to(folder).parts))]
    if len(chosen) < len(paths):
        _tell(f"{folder}: {len(paths) - len(chosen)} hidden files, or copies that macOS made, are left out")
    if not chosen:
        what = "" if folder.is_dir() else ", which is no folder"
        raise UserError(f"there are no images in {folder}{what}: give a folder with JPEG or PNG files")
    heic = next((path for path in chosen if path.suffix.lower() in HEIC), None)
    if heic is not None and importlib.util.find_spec("pillow_heif") is None:
        raise UserError(
            f"{heic} is a HEIC photo: run pip install -e '.[heic]' in the project's folder, or save it as JPEG"
        )
    return chosen


def is_left_over(name: str) -> bool:
    """Whether a file or folder of this name is the system's, or hidden: dot files, macOS's companions, thumbnails."""
    return name.startswith(".") or name == "__MACOSX" or name.lower() == "thumbs.db"


@functools.cache
def _know_heic() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()


@functools.cache  # a command reads a folder more than once
def _tell(line: str) -> None:
    print(line, file=sys.stderr)
