"""What a conversion can be asked for. Each option is declared once, here or in a pipeline's own options.py.

From the declaration follow its form on the command line, its place in the Python API (`convert(checkpoint, folder,
Options(...))`), what the manifest's `options` say of it, and the mark in the file's name that tells its values apart.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from reference.command_line import existing, positive
from reference.errors import UserError

from .crop_sizes import Size, as_typed, size
from .declared import form_of, long_name, option

if TYPE_CHECKING:  # these load more than --help can wait for
    from typing import Self

    from reference.manifest import Format, Task

HASHED = 6  # hexadecimal digits


def listing(folder: Path) -> str:
    """The images of a folder by name and size, which tell its content apart on any machine; UserError without any."""
    from reference.picture_files import images_in

    return "".join(f"{path.stat().st_size} {path.relative_to(folder).as_posix()}\n" for path in images_in(folder))


def content(file: Path) -> str:
    """What the file holds; UserError where it is no text."""
    from reference.text_files import read_text

    return read_text(file)


def name_of(folder: Path) -> str:
    """Its own, whatever it was typed as."""
    return folder.resolve().name


# The headings that options stand under in --help.
WHAT, HOW, ENDS = "what to convert", "how", "what goes in and out"
IMAGES, CHECKS, PLACE = "images to measure on", "checks", "where to"
HEADINGS = (WHAT, HOW, ENDS, IMAGES, CHECKS, PLACE)


@dataclass(frozen=True, kw_only=True)
class Options(ABC):
    """What every pipeline can be asked for; each has a subclass with its own.

    An option whose default follows from others is None until the options are settled. image_size: height and width
    of the crop in pixels, the default first; none: the checkpoint's own.
    """

    format: ClassVar[Format]
    several_sizes: ClassVar[bool] = False  # whether one artifact can take images of them

    output: Literal["answer", "logits"] = option(
        "answer",
        "answer: what the head was trained for, or the class of each pixel; logits: the values before that",
        group=ENDS,
        choices=("answer", "logits"),
        mark=str,
    )
    image_size: tuple[Size, ...] = option(
        (),
        "side of the crop in pixels, or height x width",
        group=ENDS,
        metavar="SIZE",
        parse=size,
        by_default="the checkpoint's own",
        says=lambda sizes: ",".join(map(as_typed, sizes)),
        mark=lambda sizes: "-".join(map(as_typed, sizes)),
    )
    batch: int = option(
        1,
        "how many images it takes at once, no more and no fewer; the phone libraries and MediaPipe take one",
        group=ENDS,
        metavar="NUMBER",
        parse=positive,
        mark="batch{}".format,
    )
    labels: Path | None = option(
        None,
        "names of the classes: a text file with one on each line, a .csv or a .json",
        group=WHAT,
        metavar="FILE",
        parse=existing,
        by_default="the checkpoint's own",
        says=name_of,
        identity=content,
    )
    no_pass: tuple[str, ...] = option(
        (),
        "leave out an exact rewrite, for example fold-layer-norm; converters/passes.py has them all",
        group=HOW,
        metavar="NAME",
        repeated=True,
        says=shlex.join,
    )
    calibration: Path | None = option(
        None,
        "pictures to measure ranges and biases on, of the kind that the app will see",
        group=IMAGES,
        metavar="FOLDER",
        parse=existing,
        by_default="rendered training scenes, for the demo checkpoint alone",
        says=name_of,
        identity=listing,
    )
    calibration_samples: int = option(
        128,
        "how many of these pictures to take",
        group=IMAGES,
        metavar="NUMBER",
        parse=positive,
        mark="samples{}".format,
    )
    golden: bool = option(
        False,
        "write a golden set beside the artifact too: pictures with the reference's answers, for an app's self-test",
        group=PLACE,
        records=False,
    )
    golden_pictures: Path | None = option(
        None,
        "pictures for the golden set",
        group=PLACE,
        metavar="FOLDER",
        parse=existing,
        by_default="rendered scenes",
        records=False,
    )
    overwrite: bool = option(
        False,
        "replace a file of the same name even where it was made from another checkpoint",
        group=PLACE,
        records=False,
    )

    def __post_init__(self) -> None:
        squares = tuple(each if isinstance(each, tuple) else (each, each) for each in self.image_size)
        object.__setattr__(self, "image_size", squares)  # in Python too a number stands for a square
        for field in dataclasses.fields(self):
            choices, value = form_of(field).choices, getattr(self, field.name)
            if choices is not None and value is not None and value not in choices:
                raise UserError(f"--{long_name(field)} {value} is unknown: choose among {', '.join(choices)}")

    @property
    @abstractmethod
    def numbers(self) -> tuple[str, str]:
        """Precision and compression, as ArtifactFacts has them."""

    @property
    @abstractmethod
    def images(self) -> Literal["none", "useful", "required"]:
        """What the conversion needs images for measuring for."""

    @property
    def kind(self) -> str:
        """What the file's name says it is: the compression, or the precision where nothing is compressed."""
        precision, compression = self.numbers
        return precision if compression == "none" else compression

    @property
    @abstractmethod
    def told(self) -> Collection[str]:
        """The fields whose values `kind` tells."""

    def idle(self, task: Task) -> set[str]:
        """The fields that change nothing in a network of `task`, as the others are."""
        unused = {"calibration", "calibration_samples"} if self.images == "none" else set()
        return unused | {"labels", "output"} if task == "features" else unused

    def filled(self) -> Self:
        """The same with what follows from other options in the place of None."""
        return self

    def check(self, task: Task) -> None:
        """UserError where options do not fit each other, or a network of `task`."""
        if self.golden_pictures is not None and not self.golden:
            raise UserError("--golden-pictures is for a golden set: give --into too, or --golden")
        if self.output == "logits" and task == "features":
            raise UserError("features have no logits: leave --output logits out, or choose another --task")
        if self.labels is not None and task == "features":
            raise UserError("--labels is for classification and segmentation: features have no classes")
        if len(self.image_size) > 1 and not self.several_sizes:
            raise UserError(f"a .{self.format} file takes images of one size: give one --image-size")
        if len(self.image_size) > 1 and self.batch > 1:
            raise UserError("a batch has images of one size: give one --image-size, or leave --batch out")

    def settled(self, task: Task) -> Self:
        """Checked, and filled."""
        self.check(task)
        return self.filled()


def shaping(options: Options, task: Task) -> list[dataclasses.Field[Any]]:
    """The options that shape an artifact of a network of `task`, as the others are; `options`: settled."""
    idle = options.idle(task)
    return [each for each in dataclasses.fields(options) if form_of(each).records and each.name not in idle]


def record(options: Options, task: Task) -> dict[str, str]:
    """What the manifest says: the options that shaped the artifact, beside task, size and checkpoint.

    Those at their default too, but for the ones that then have no value: what they leave to the checkpoint, or to the
    rendered scenes, the manifest tells elsewhere.
    """
    values = {field: getattr(options, field.name) for field in shaping(options, task)}
    return {long_name(each): form_of(each).says(value) for each, value in values.items() if value not in (None, ())}


def marks(options: Options, task: Task) -> list[str]:
    """What the file's name says after its kind: a word for each option that is not at its default, then one hash for
    all those that no word can tell."""
    words, hidden = [], {}
    for field in shaping(options, task):
        value, form = getattr(options, field.name), form_of(field)
        by_default: dict[str, Any] = {field.name: field.default}
        unasked = dataclasses.replace(options, **by_default).filled()
        if value == getattr(unasked, field.name) or field.name in options.told:
            continue
        if form.mark is not None:
            words.append(form.mark(value))
        else:
            hidden[field.name] = (form.identity or form.says)(value)
    return [*words, short_hash(json.dumps(hidden))] if hidden else words


def short_hash(text: str) -> str:
    """A few digits that tell texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:HASHED]
