"""The golden set: a few pictures with the reference's answers, in one JSON file beside an artifact.

An app shows its pictures to the artifact, and holds the answers against the reference's without PyTorch. Decoding is
strict, as of manifests.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import BeforeValidator, PlainSerializer, model_validator

from . import scenes
from .answers import answer_to_pixels
from .checkpoints import Checkpoint
from .errors import UserError
from .images import as_rgb
from .manifest import Manifest, Sha256
from .strict import Positive, Strict, read_strict
from .tensor_specs import Meaning
from .threads import torch_threads
from .tolerances import tolerance

SUFFIX = ".golden.json"
PICTURES = 4


def _decode(text: object) -> object:
    return base64.b64decode(text, validate=True) if isinstance(text, str) else text


Base64 = Annotated[bytes, BeforeValidator(_decode), PlainSerializer(lambda data: base64.b64encode(data).decode())]


class GoldenPicture(Strict):
    """One picture, everything in Base64.

    png: as a camera gives it, RGB; crop_png: what the manifest's preprocessing makes of it, the artifact's input;
    answer: the reference's, little-endian float32, of class maps one byte per pixel.
    """

    name: str
    png: Base64
    crop_png: Base64
    answer: Base64


class GoldenSet(Strict):
    """What an artifact is to answer.

    artifact, sha256: as its manifest has them. meaning, shape: of an answer, see OutputSpec, without the batch axis, in
    the artifact's own layout. bounds: by metric, what the answers must reach, or must not exceed, to pass: see
    reference/tolerances.py. bounds_sha256: see `digest_of_bounds`; bounds that were changed afterwards are refused.
    """

    schema_version: Literal[2]
    artifact: str
    sha256: Sha256
    meaning: Meaning
    shape: list[Positive]
    bounds: dict[str, float]
    bounds_sha256: Sha256
    pictures: list[GoldenPicture]

    @model_validator(mode="after")
    def _own_bounds(self) -> GoldenSet:
        if digest_of_bounds(self.sha256, self.bounds) != self.bounds_sha256:
            raise ValueError("its bounds are not those that were written for its artifact (bounds_sha256 differs)")
        return self

    def answers(self) -> np.ndarray:
        """The reference's answers [pictures, *shape]."""
        return np.stack([decoded(picture.answer, self.meaning, self.shape) for picture in self.pictures])

    def write(self, path: Path) -> None:
        """Write as indented JSON."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def digest_of_bounds(artifact: str, bounds: Mapping[str, float]) -> str:
    """sha256 over an artifact's own sha256, as text, then each bound by its name: the name, and a little-endian
    float64."""
    parts = [name.encode() + struct.pack("<d", bounds[name]) for name in sorted(bounds)]
    return hashlib.sha256(b"".join([artifact.encode(), *parts])).hexdigest()


def golden_path(artifact: Path) -> Path:
    """Where the golden set of `artifact` lies: beside it."""
    return artifact.with_name(artifact.name + SUFFIX)


def golden_set(checkpoint: Checkpoint, manifest: Manifest, pictures: Sequence[Image.Image] | None = None) -> GoldenSet:
    """The golden set of an artifact.

    Args:
        checkpoint: what it was made from, with the preprocessing that its manifest describes.
        pictures: None: the first rendered validation scenes, which can be shown to every network.
    """
    if pictures is None:
        pictures = [scenes.render("validation", index).image for index in range(PICTURES)]
    spec = manifest.answer
    entries, answers = [], []
    for index, picture in enumerate(map(as_rgb, pictures)):
        pixels = checkpoint.processor.resize_and_crop(picture)
        with torch_threads(1):  # whose number decides how sums are rounded
            answer = answer_to_pixels(checkpoint, pixels, spec.meaning)
        answers.append(answer)
        answer = np.moveaxis(answer, 0, -1) if spec.layout == "NHWC" else answer
        entries.append(
            GoldenPicture.model_construct(
                name=f"{index:03}",
                png=as_png(picture),
                crop_png=as_png(as_rgb(pixels)),  # of grey ones too: a system's reader may stretch a grey PNG
                answer=np.ascontiguousarray(answer, _stored(spec.meaning)).tobytes(),
            )
        )
    bounds = tolerance(manifest.artifact, spec.meaning, np.stack(answers)).bounds
    return GoldenSet(
        schema_version=2,
        artifact=manifest.artifact.file,
        sha256=manifest.artifact.sha256,
        meaning=spec.meaning,
        shape=list(answer.shape),
        bounds=bounds,
        bounds_sha256=digest_of_bounds(manifest.artifact.sha256, bounds),
        pictures=entries,
    )


def read_golden(path: Path) -> GoldenSet:
    """Read and check a golden set; UserError when it is missing or malformed."""
    golden = read_strict(path, GoldenSet, "golden set")
    try:
        golden.answers()
    except ValueError as error:
        raise UserError(f"{path} is no valid golden set: {error}") from error
    return golden


def decoded(answer: bytes, meaning: Meaning, shape: Sequence[int]) -> np.ndarray:
    """An answer as golden sets and devices write it; ValueError when it has another length."""
    values = np.frombuffer(answer, _stored(meaning))
    if values.size != np.prod(shape):
        raise ValueError(f"an answer has {values.size} values, its shape {list(shape)}")
    return values.reshape(shape)


def as_png(image: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _stored(meaning: Meaning) -> np.dtype:
    return np.dtype(np.uint8 if meaning == "class_map" else "<f4")
