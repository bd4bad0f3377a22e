"""The manifest: what every artifact says of itself, in JSON, for Python, Swift and Kotlin alike.

An app needs nothing else: the picture's way to the input tensor, what comes out, and the labels. Decoding is strict:
an unknown key, a missing one or a wrong type is an error, so that a reader never guesses.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from .errors import UserError
from .plain_files import require_file_at
from .publication import recover
from .strict import Positive, Strict, read_strict
from .tensor_specs import InputSpec, OutputSpec

SUFFIX = ".manifest.json"

# The third stage looks across patches of 16 x 16 pixels, N in all, with four heads at each of a patch's four places in
# the feature map: float32 weights [4, 4, N, N]. From this crop on they take 4 GiB, more than a 32-bit size can say.
MOST_CROPPED = 1024 * 2048

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Color = Annotated[str, Field(pattern=r"^#[0-9A-F]{6}$")]
Format = Literal["mlpackage", "tflite", "onnx", "aimodel"]
Task = Literal["classification", "segmentation", "features"]
Resize = Literal["shortest_edge", "both_sides", "cover", "contain", "none"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]

# What writes each format, as a user calls it.
CONVERTERS: dict[str, str] = {"mlpackage": "coreml", "tflite": "tflite", "onnx": "onnx", "aimodel": "coreai"}


class CheckpointFacts(Strict):
    """The weights' origin; commit: of a Hub id, the state of the repository: else it is left out."""

    id: str
    sha256: Sha256
    parameters: Positive
    commit: Commit | None = None

    @model_serializer(mode="wrap")
    def _known(self, fields: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in fields(self).items() if name != "commit" or value is not None}


class ArtifactFacts(Strict):
    """The shipped file or package; `sha256` of a package: see `digest`.

    precision: of the weights and activations that are not compressed; compression: how the others were, "none" or the
    option's value; by a recipe of the user's own "recipe8", where 8 are the bits of its coarsest numbers.
    """

    file: str
    format: Format
    sha256: Sha256
    bytes: Positive
    precision: str
    compression: str


class CalibrationFacts(Strict):
    """The images that a compression was measured on; sha256: of their values as the network took them.

    method: what they served for, for example "mse, bias correction".
    """

    source: str
    samples: Positive
    sha256: Sha256
    method: str


class Preprocessing(Strict):
    """The app's half: resize, then crop the centre, with zeros around an image that is smaller than the crop.

    resize: so that the shortest edge has `resize_shortest_edge` pixels; or the image has `resize_height` and
    `resize_width` (both_sides), or in proportion just covers them, or lies just within them (contain), both sides
    rounded, halves to even; or not at all. What does not belong to it is null.
    """

    resize: Resize
    resize_shortest_edge: Positive | None
    resize_height: Positive | None
    resize_width: Positive | None
    interpolation: Interpolation
    antialias: bool
    crop_height: Positive
    crop_width: Positive

    @model_validator(mode="after")
    def _one_way(self) -> Preprocessing:
        given = (self.resize_shortest_edge is not None, self.resize_height is not None, self.resize_width is not None)
        if given != (self.resize == "shortest_edge", *[self.resize in ("both_sides", "cover", "contain")] * 2):
            raise ValueError(f"resize {self.resize} does not go with the pixels given")
        if self.crop_height * self.crop_width > MOST_CROPPED:
            raise ValueError(f"a crop of more than {MOST_CROPPED} pixels")
        return self


class Manifest(Strict):
    """Everything about one artifact.

    kit_version: of this kit; options: all that shaped the artifact beside task, size and checkpoint, by the long names
    of the converter's options, as they are typed; of a recipe its content, of a folder its name. other_sizes:
    preprocessings beside the default one, where the artifact takes images of several sizes; calibration: null where
    nothing was measured; labels: in the order of the class indices, none for features; palette: of segmentation, the
    colour of each class as "#RRGGBB".
    """

    schema_version: Literal[2]
    kit_version: str
    task: Task
    size: str
    checkpoint: CheckpointFacts
    artifact: ArtifactFacts
    options: dict[str, str]
    input: InputSpec
    outputs: Annotated[list[OutputSpec], Field(min_length=1)]
    preprocessing: Preprocessing
    other_sizes: list[Preprocessing]
    calibration: CalibrationFacts | None
    labels: list[str]
    palette: list[Color]
    tool_versions: dict[str, str]

    @model_validator(mode="after")
    def _counts(self) -> Manifest:
        if all(output.meaning == "label" for output in self.outputs):
            raise ValueError("no output beside the label")
        classes = self.answer.classes
        if classes is not None and len(self.labels) != classes:
            raise ValueError(f"{len(self.labels)} labels for {classes} classes")
        if len(self.palette) != (len(self.labels) if self.task == "segmentation" else 0):
            raise ValueError(f"{len(self.palette)} colours for {len(self.labels)} labels of {self.task}")
        crop = (self.preprocessing.crop_height, self.preprocessing.crop_width)
        if self.input.size != crop:
            raise ValueError(f"an input of {self.input.size} pixels for a crop of {crop}")
        for each in self.outputs:
            if self.input.batch > 1 and not each.answers_batch(self.input.batch):
                raise ValueError(f"{each.name} {each.shape} has no answer to each of {self.input.batch} images")
        return self

    @property
    def answer(self) -> OutputSpec:
        """The output that the task is about: not the label, which only names the most probable class."""
        return next(output for output in self.outputs if output.meaning != "label")

    def write(self, path: Path) -> None:
        """Write as indented JSON."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def manifest_path(artifact: Path) -> Path:
    """Where the manifest of `artifact` lies: beside it."""
    return artifact.with_name(artifact.name + SUFFIX)


def read_manifest(artifact: Path) -> Manifest:
    """Read and check the manifest beside `artifact`; UserError when it is missing, malformed or of other bytes.

    What a converter that was killed has left there unfinished is completed first.
    """
    try:
        return _read(artifact)
    except UserError:
        with suppress(OSError):  # of a folder that is not there, or only to be read
            recover(artifact.parent)
        return _read(artifact)


def _read(artifact: Path) -> Manifest:
    path = manifest_path(artifact)
    if not artifact.exists():
        raise UserError(f"artifact {artifact} does not exist: convert it first")
    converter = CONVERTERS.get(artifact.suffix.removeprefix("."))
    command = f" with python -m converters.{converter}" if converter else ""
    manifest = read_strict(path, Manifest, "manifest", f"convert the artifact again{command}")
    if digest(artifact) != manifest.artifact.sha256:
        raise UserError(f"{artifact} is not the file its manifest describes (sha256 differs): convert it again")
    return manifest


def digest(artifact: Path) -> str:
    """sha256 of a file; of a folder, sha256 over its lines "<sha256>  <relative path>\\n", sorted by path.

    What macOS leaves in folders by itself does not count: .DS_Store, and ._NAME for each NAME on foreign disks.

    Raises:
        UserError: for a pipe or a device, and for a folder that holds a link, or anything that is neither file nor
            folder.
    """
    require_file_at(artifact)
    if artifact.is_file():
        return hashlib.sha256(artifact.read_bytes()).hexdigest()
    lines = [f"{digest(path)}  {path.relative_to(artifact).as_posix()}\n" for path in _files(artifact)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def size_in_bytes(artifact: Path) -> int:
    """Size of a file, or of all files in a folder that `digest` counts; UserError as there."""
    require_file_at(artifact)
    return sum(path.stat().st_size for path in ([artifact] if artifact.is_file() else _files(artifact)))


def _files(package: Path) -> list[Path]:
    return sorted(_files_in(package, package), key=lambda path: path.relative_to(package).as_posix())


def _files_in(folder: Path, package: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _files_in(path, package)
        elif path.name == ".DS_Store" or path.name.startswith("._"):
            continue
        elif stat.S_ISREG(mode):
            yield path
        else:
            what = "a link" if stat.S_ISLNK(mode) else "neither file nor folder"
            raise UserError(f"{package} is no artifact: {path.relative_to(package)} in it is {what}")
