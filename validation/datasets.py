"""Pictures with their truth: folders as people have them, or the rendered validation scenes.

- A folder of folders, one for each class (ImageFolder layout), named after the checkpoint's label, or its number.
- A folder with a labels.csv, whose column `file` has paths within the folder. Of classes, a column `label` has the name
  or the index. Of independent labels, `label` (or `labels`) has one, several with | or ; between, or none, and a file
  may stand in several rows; or each label has a column, of 0 and 1. Of a regression each label has a column of numbers,
  which is called `value` or `label` where it is the only one.
- For segmentation, a folder with the folders images/ and masks/: of each image a mask of the same name in the same
  folder below, 8-bit, greyscale or palette, one class index for each pixel; 255 is none. Where the checkpoint's image
  processor reduces labels, 0 is none either, and class 0 is written as 1.

How names are compared: `reference.labels.LabelIndex`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageOps

from reference.errors import UserError
from reference.labels import LabelIndex
from reference.manifest import Task
from reference.picture_files import images_in, is_left_over, open_image
from reference.plain_files import read_bytes
from reference.scenes import LABELS, SEGMENT_LABELS, render
from reference.tensor_specs import Meaning

from .labels_csv import CSV, Truth, read_listed

NONE = 255  # of a mask's values: no class
LOSSY = ("JPEG", "JPEG2000", "MPO", "WEBP", "AVIF", "HEIF")  # formats that change what is written


@dataclass(frozen=True)
class Sample:
    """truth: the class index of the picture, an 8-bit image with that of each pixel, or numbers: see `read_listed`."""

    name: str
    image: Image.Image
    truth: Truth | Image.Image


class Dataset(Protocol):
    """Samples by index; what it is made of can be sent to another process. `identity` tells data sets apart."""

    @property
    def identity(self) -> str: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


@dataclass(frozen=True)
class Scenes:
    """The first `count` rendered validation scenes."""

    task: Task
    count: int

    @property
    def identity(self) -> str:
        return f"{self.count} scenes"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        scene = render("validation", index)
        return Sample(f"scene {index}", scene.image, scene.segments if self.task == "segmentation" else scene.label)


@dataclass(frozen=True)
class Labelled:
    """Image files in `folder` with what is true of each, or the file that has the class of each pixel.

    classes: how many there are; reduces: whether masks have 1 for class 0, and 0 for none.
    """

    folder: Path
    entries: tuple[tuple[str, Truth | str], ...]
    classes: int
    reduces: bool = False

    @cached_property
    def identity(self) -> str:
        """By what the files hold: two of one name and size may be other pictures, or other masks."""
        lines = [
            f"{name} {truth} {self._digest(name)} {self._digest(truth) if isinstance(truth, str) else ''}\n"
            for name, truth in self.entries
        ]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _digest(self, name: str) -> str:
        try:
            return hashlib.sha256(read_bytes(self.folder / name)).hexdigest()
        except OSError as error:
            raise UserError(f"cannot read {self.folder / name}: {error.strerror}") from error

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        name, truth = self.entries[index]
        image = open_image(self.folder / name)
        if not isinstance(truth, str):
            return Sample(name, image, truth)
        mask = self._mask(self.folder / truth)
        size = ImageOps.exif_transpose(image).size  # masks are drawn on pictures as they are seen
        if mask.size != size:
            raise UserError(f"{self.folder / truth} is {mask.size}, its image {size}: make them one size")
        return Sample(name, image, mask)

    def _mask(self, path: Path) -> Image.Image:
        """The class of each pixel, NONE where there is none; UserError for values beyond the classes."""
        mask = _open_mask(path)
        last = self.classes if self.reduces else max(self.classes, 2) - 1  # one class: 1 where it is, 0 where not
        strange = next((value for value in _values(mask) if last < value != NONE), None)
        if strange is not None:
            raise UserError(
                f"{path} has the value {strange}, but the checkpoint's {self.classes} labels are 0..{last} "
                f"({NONE}: none): write each class as its index"
            )
        # As transformers' image processors do it.
        return mask.point([NONE, *range(NONE - 1), NONE]) if self.reduces else mask


def open_dataset(
    data: str,
    task: Task,
    labels: Sequence[str],
    count: int | None,
    reduces: Callable[[], bool] = lambda: False,
    meaning: Meaning = "probabilities",
) -> Dataset:
    """The data set that `data` names: "demo", or a folder; its first `count` samples, of a folder evenly spread ones.

    Args:
        reduces: whether the masks of a folder have 1 for class 0; only asked where there are some.
        meaning: of a classifier's answers, logits apart.

    Raises:
        UserError: where there is none, where it does not fit the task or its classes are not in `labels`, where its
            first picture is broken, or its masks hold nothing but 0 and 255.
    """
    if task == "features":
        raise UserError("features have no accuracy: measure them with `python -m validation parity`")
    lists = meaning in ("scores", "values")
    if data == "demo":
        if lists:
            raise UserError(
                f"the rendered scenes have one class each and no {meaning}: give --data FOLDER with a {CSV}"
            )
        own = SEGMENT_LABELS if task == "segmentation" else LABELS
        if list(labels) != list(own):
            raise UserError(f"these artifacts do not know the demonstration's {len(own)} classes: give --data FOLDER")
        return Scenes(task, count or 5000)
    folder = Path(data)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: give --data FOLDER or --data demo")
    entries: Sequence[tuple[str, Truth | str]]
    if task == "segmentation":
        entries = _masks(folder)
    elif lists or (folder / CSV).exists():
        entries = read_listed(folder, labels, meaning)
    else:
        entries = _sorted_into_folders(folder, LabelIndex(labels))
    if count is not None and count < len(entries):
        entries = [entries[index * len(entries) // count] for index in range(count)]
    if meaning == "scores" and not any(true for _, true in entries):
        raise UserError(f"{folder / CSV} has no label for any of {len(entries)} images: nothing could be found in them")
    reduced = False
    if task == "segmentation":
        _check_values([folder / str(truth) for _, truth in entries])
        reduced = reduces()
    if reduced and len(labels) == 1:
        raise UserError("do_reduce_labels leaves of one class nothing to tell it from: switch it off in the checkpoint")
    dataset = Labelled(folder, tuple(entries), len(labels), reduced)
    dataset[0]  # or a broken picture shows after everything heavy
    return dataset


def _sorted_into_folders(folder: Path, labels: LabelIndex) -> list[tuple[str, int]]:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not is_left_over(path.name))
    classes: dict[str, int] = {}
    for name in names:
        index = labels.find(name)
        if index is None:
            raise UserError(
                f"{folder}/{name} is none of the checkpoint's {len(labels)} labels: name the folder after its label, "
                f"for example {labels.first}, or after the label's number, 0..{len(labels) - 1}"
            )
        if index in classes.values():
            other = next(each for each in classes if classes[each] == index)
            raise UserError(f"{folder}/{other} and {folder}/{name} are both label {index}: leave one folder")
        classes[name] = index
    paths = images_in(folder)
    loose = next((path for path in paths if path.parent == folder), None)
    if loose is not None:
        raise UserError(f"{loose} lies in no class's folder: sort the images into folders, or add {CSV}")
    files = [path.relative_to(folder) for path in paths]
    return [(file.as_posix(), classes[file.parts[0]]) for file in files]


def _check_values(masks: Sequence[Path]) -> None:
    """UserError for masks of two classes that are written as 0 and 255, of which 255 stands for none."""
    white = None
    for path in masks:
        values = _values(_open_mask(path))
        if not values <= {0, NONE}:
            return
        white = white or (path if NONE in values else None)
    if white is not None:
        raise UserError(
            f"{white} and the other masks hold nothing but 0 and {NONE}, and {NONE} stands for no class: divide them "
            f"by {NONE}, so that class 1 is 1"
        )


def _open_mask(path: Path) -> Image.Image:
    mask = open_image(path)
    if mask.format in LOSSY:
        raise UserError(f"{path} is a {mask.format}, which changes the values of a mask: save it as 8-bit PNG")
    if mask.mode not in ("L", "P"):
        raise UserError(f"{path} is a picture of mode {mask.mode}, not a mask: save it as 8-bit")
    return mask


def _values(mask: Image.Image) -> set[int]:
    return {int(value) for _, value in mask.getcolors(256) or ()}  # type: ignore[arg-type]  # of one channel


def _masks(folder: Path) -> list[tuple[str, str]]:
    images, masks = folder / "images", folder / "masks"
    if not (images.is_dir() and masks.is_dir()):
        raise UserError(f"{folder} needs the folders images/ and masks/ for segmentation")
    known: dict[Path, Path] = {}
    for path in images_in(masks):
        key = path.relative_to(masks).with_suffix("")
        if key in known:
            raise UserError(f"{known[key]} and {path} are masks of one image: leave one")
        known[key] = path
    entries: list[tuple[str, str]] = []
    for path in images_in(images):
        key = path.relative_to(images).with_suffix("")
        if key not in known:
            raise UserError(f"{path} has no mask {masks / key}.png")
        entries.append((path.relative_to(folder).as_posix(), known[key].relative_to(folder).as_posix()))
    return entries
