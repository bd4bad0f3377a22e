"""The manifest: what every artifact says of itself, in JSON, for Python, Swift and Kotlin alike.

An app needs nothing else: the picture's way to the input tensor, what comes out, and the labels. Decoding is strict:
an unknown key, a missing one or a wrong type is an error, so that a reader never guesses.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .errors import UserError
from .strict import Strict, read_strict

SUFFIX = ".manifest.json"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[int, Field(gt=0)]
Format = Literal["mlpackage", "tflite", "onnx"]
Dtype = Literal["uint8", "int8", "float32"]
ColorOrder = Literal["RGB", "BGR"]
Task = Literal["classification", "segmentation", "features"]
Layout = Literal["NHWC", "NCHW"]
Meaning = Literal["probabilities", "label", "class_map", "logits", "features", "feature_map"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]


class CheckpointFacts(Strict):
    """The weights' origin."""

    id: str
    sha256: Sha256
    parameters: Positive


class ArtifactFacts(Strict):
    """The shipped file or package; `sha256` of a package: see `digest`.

    precision: of the weights and activations that are not compressed; compression: what was, "none" or the option's
    value.
    """

    file: str
    format: Format
    sha256: Sha256
    bytes: Positive
    precision: str
    compression: str


class CalibrationFacts(Strict):
    """The images that a compression was measured on; sha256: of their values as the network took them.

    method: what they served for, "minmax, bias correction" say.
    """

    source: str
    samples: Positive
    sha256: Sha256
    method: str


class Preprocessing(Strict):
    """The app's half: resize so that the shortest edge has `resize_shortest_edge` pixels, crop the centre."""

    resize_shortest_edge: Positive
    interpolation: Interpolation
    antialias: bool
    crop_height: Positive
    crop_width: Positive


class Quantization(Strict):
    """What the integers of a tensor stand for: (integer - zero_point) * scale."""

    scale: float
    zero_point: int


class InputSpec(Strict):
    """The tensor or image that the artifact takes, after the app's half of the preprocessing.

    color_order: of the pixels the app hands over; network_color_order and scale: what the artifact does itself;
    quantization: how a pixel becomes the tensor's integer, null where the pixel's value itself is handed over.
    """

    name: str
    kind: Literal["image", "tensor"]
    shape: list[Positive]
    layout: Layout
    dtype: Dtype
    minimum: float
    maximum: float
    color_order: Literal["RGB"]
    network_color_order: ColorOrder
    scale: float
    quantization: Quantization | None = None


class OutputSpec(Strict):
    """One output; `meaning` tells how to read its values.

    probabilities: of each label; label: the most probable one; class_map: per pixel of the crop the index of its
    label; logits: per label a coarse map, to be resized to the crop (bilinear) before the largest is chosen; features:
    the image's feature vector, before any classifier; feature_map: what that vector is the mean of.
    layout: of maps with channels, else null; quantization: what its integers stand for, null where it has none.
    """

    name: str
    kind: Literal["tensor", "dictionary", "string"]
    shape: list[Positive]
    dtype: Literal["float32", "int32", "uint8", "int8", "int16", "string"]
    meaning: Meaning
    layout: Layout | None
    quantization: Quantization | None = None


class Manifest(Strict):
    """Everything about one artifact.

    other_sizes: preprocessings beside the default one, where the artifact takes images of several sizes; calibration:
    null where nothing was measured; labels: in the order of the class indices, none for features; palette: of
    segmentation, the colour of each class as "#RRGGBB".
    """

    schema_version: Literal[1]
    task: Task
    size: str
    checkpoint: CheckpointFacts
    artifact: ArtifactFacts
    input: InputSpec
    outputs: Annotated[list[OutputSpec], Field(min_length=1)]
    preprocessing: Preprocessing
    other_sizes: list[Preprocessing]
    calibration: CalibrationFacts | None
    labels: list[str]
    palette: list[Annotated[str, Field(pattern=r"^#[0-9A-F]{6}$")]]
    tool_versions: dict[str, str]

    @model_validator(mode="after")
    def _counts(self) -> Manifest:
        answer = self.answer
        classes = answer.shape[-1 if answer.meaning == "probabilities" or answer.layout == "NHWC" else 1]
        if answer.meaning in ("probabilities", "logits") and len(self.labels) != classes:
            raise ValueError(f"{len(self.labels)} labels for {classes} classes")
        if len(self.palette) != (len(self.labels) if self.task == "segmentation" else 0):
            raise ValueError(f"{len(self.palette)} colours for {len(self.labels)} labels of {self.task}")
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
    """Read and check the manifest beside `artifact`; UserError when it is missing, malformed or of other bytes."""
    path = manifest_path(artifact)
    if not artifact.exists():
        raise UserError(f"artifact {artifact} does not exist: convert it first")
    manifest = read_strict(path, Manifest, "manifest", "convert the artifact again")
    if digest(artifact) != manifest.artifact.sha256:
        raise UserError(f"{artifact} is not the file its manifest describes (sha256 differs): convert it again")
    return manifest


def digest(artifact: Path) -> str:
    """sha256 of a file; of a folder, sha256 over its lines "<sha256>  <relative path>\\n", sorted by path."""
    if artifact.is_file():
        return hashlib.sha256(artifact.read_bytes()).hexdigest()
    lines = [f"{digest(path)}  {path.relative_to(artifact).as_posix()}\n" for path in _files(artifact)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def size_in_bytes(artifact: Path) -> int:
    """Size of a file, or of all files in a folder."""
    return sum(path.stat().st_size for path in ([artifact] if artifact.is_file() else _files(artifact)))


def _files(folder: Path) -> list[Path]:
    return sorted(filter(Path.is_file, folder.rglob("*")), key=lambda path: path.relative_to(folder).as_posix())
