"""Pictures with their truth: folders as people have them, or the rendered validation scenes.

- A folder of folders, one for each class (ImageFolder layout). Their names are the checkpoint's labels; or else there
  are as many as labels, and their sorted order is that of the labels, as for ImageNet's WordNet ids.
- A folder with a labels.csv of the columns `file`, a path within the folder, and `label`, a name or an index.
- For segmentation, a folder with the folders images/ and masks/: of each image a mask of the same name in the same
  folder below, 8-bit, greyscale or palette, one class index for each pixel; 255 is none.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from reference.errors import UserError
from reference.images import images_in, open_image
from reference.manifest import Task
from reference.scenes import LABELS, SEGMENT_LABELS, render

CSV = "labels.csv"


@dataclass(frozen=True)
class Sample:
    """truth: the class index of the picture, or an 8-bit image with that of each pixel."""

    name: str
    image: Image.Image
    truth: int | Image.Image


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
    """Image files in `folder` with the class of each, or the file that has the class of each pixel."""

    folder: Path
    entries: tuple[tuple[str, int | str], ...]

    @property
    def identity(self) -> str:
        names = "\n".join(f"{name} {truth} {(self.folder / name).stat().st_size}" for name, truth in self.entries)
        return hashlib.sha256(names.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        name, truth = self.entries[index]
        image = open_image(self.folder / name)
        if isinstance(truth, int):
            return Sample(name, image, truth)
        mask = open_image(self.folder / truth)
        if mask.mode not in ("L", "P"):
            raise UserError(f"{self.folder / truth} is a picture of mode {mask.mode}, not a mask: save it as 8-bit")
        if mask.size != image.size:
            raise UserError(f"{self.folder / truth} is {mask.size}, its image {image.size}: make them one size")
        return Sample(name, image, mask)


def open_dataset(data: str, task: Task, labels: Sequence[str], count: int | None) -> Dataset:
    """The data set that `data` names: "demo", or a folder; its first `count` samples, of a folder evenly spread ones.

    Raises:
        UserError: where there is none, where it does not fit the task or its classes are not in `labels`.
    """
    if task == "features":
        raise UserError("features have no accuracy: measure them with `python -m validation parity`")
    if data == "demo":
        own = SEGMENT_LABELS if task == "segmentation" else LABELS
        if list(labels) != list(own):
            raise UserError(f"these artifacts do not know the demonstration's {len(own)} classes: give --data FOLDER")
        return Scenes(task, count or 5000)
    folder = Path(data)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: give --data FOLDER or --data demo")
    if task == "segmentation":
        entries = _masks(folder)
    elif (folder / CSV).exists():
        entries = _listed(folder, labels)
    else:
        entries = _sorted_into_folders(folder, labels)
    if count is not None and count < len(entries):
        entries = [entries[index * len(entries) // count] for index in range(count)]
    return Labelled(folder, tuple(entries))


def _sorted_into_folders(folder: Path, labels: Sequence[str]) -> list[tuple[str, int | str]]:
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    known = {label: index for index, label in enumerate(labels)}
    if set(classes) <= known.keys():
        numbers = {name: known[name] for name in classes}
    elif len(classes) == len(labels):
        numbers = {name: index for index, name in enumerate(classes)}
    else:
        stranger = next(name for name in classes if name not in known)
        raise UserError(
            f"{folder}/{stranger} is none of the checkpoint's {len(labels)} labels, and there are {len(classes)} "
            "folders: name each after its label, or have as many as labels, in their order"
        )
    paths = images_in(folder)
    loose = next((path for path in paths if path.parent == folder), None)
    if loose is not None:
        raise UserError(f"{loose} lies in no class's folder: sort the images into folders, or add {CSV}")
    names = [path.relative_to(folder) for path in paths]
    return [(name.as_posix(), numbers[name.parts[0]]) for name in names]


def _listed(folder: Path, labels: Sequence[str]) -> list[tuple[str, int | str]]:
    path = folder / CSV
    known = {label: index for index, label in enumerate(labels)}
    entries: list[tuple[str, int | str]] = []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"file", "label"} <= set(reader.fieldnames or ()):
            raise UserError(f"{path} needs the columns file and label in its first line")
        for number, row in enumerate(reader, start=2):
            name, label = row["file"] or "", row["label"] or ""
            index = known.get(label, int(label) if label.isdecimal() else -1)
            if not 0 <= index < len(labels):
                raise UserError(f"{path}, line {number}: {label!r} is none of the checkpoint's {len(labels)} labels")
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise UserError(f"{path}, line {number}: {name} does not lie in {folder}: give paths within the folder")
            if not (folder / name).is_file():
                raise UserError(f"{path}, line {number}: there is no file {folder / name}")
            entries.append((name, index))
    if not entries:
        raise UserError(f"{path} lists no images")
    return entries


def _masks(folder: Path) -> list[tuple[str, int | str]]:
    images, masks = folder / "images", folder / "masks"
    if not (images.is_dir() and masks.is_dir()):
        raise UserError(f"{folder} needs the folders images/ and masks/ for segmentation")
    known: dict[Path, Path] = {}
    for path in images_in(masks):
        key = path.relative_to(masks).with_suffix("")
        if key in known:
            raise UserError(f"{known[key]} and {path} are masks of one image: leave one")
        known[key] = path
    entries: list[tuple[str, int | str]] = []
    for path in images_in(images):
        key = path.relative_to(images).with_suffix("")
        if key not in known:
            raise UserError(f"{path} has no mask {masks / key}.png")
        entries.append((path.relative_to(folder).as_posix(), known[key].relative_to(folder).as_posix()))
    return entries
