"""An artifact as a value: its file, manifest and label, read, hashed and named once at the door, then handed on.

Beside it what it is compared with: the same pixels, and the checkpoint it was made from.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from reference.errors import UserError
from reference.image_processor import MobileViTImageProcessor
from reference.manifest import CheckpointFacts, Manifest, Preprocessing, Task, read_manifest

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint  # with PyTorch, which who only reads files does not wait for


@dataclass(frozen=True)
class File:
    """A file or package; label: its name in tables, which no other of the run has."""

    path: Path
    label: str


@dataclass(frozen=True)
class Artifact(File):
    """One whose manifest fits its bytes."""

    manifest: Manifest = field(hash=False)  # it holds lists; path and label tell artifacts apart


@dataclass(frozen=True)
class Broken(File):
    """One whose manifest does not; reason: why, a line."""

    reason: str


Given = Path | str | File


def files(given: Iterable[Given]) -> list[File]:
    """Each file once, under its name where no other has it, else under the shortest ending of its path that is its own.

    A file that is given twice is one: overlapping patterns are no mistake, and measured twice it would tell nothing.
    Manifests and golden sets of what is given are none: `build/*` means the artifacts.
    """
    listed = list(given)
    if all(isinstance(each, File) for each in listed):
        return [each for each in listed if isinstance(each, File)]
    paths: dict[str, Path] = {}
    for each in listed:
        path = each.path if isinstance(each, File) else Path(each)
        paths.setdefault(os.path.abspath(path), path)
    beside = [each for each in paths if each.endswith(".json") and any(each.startswith(f"{of}.") for of in paths)]
    for each in beside:
        del paths[each]
    return [File(path, label) for path, label in zip(paths.values(), _labels([Path(each) for each in paths]))]


def _labels(paths: Sequence[Path]) -> list[str]:
    """Of absolute paths, no two of which are the same."""
    labels = []
    for path in paths:
        others = [each.parts for each in paths if each != path and each.name == path.name]
        length = next(n for n in range(1, 1 + len(path.parts)) if all(each[-n:] != path.parts[-n:] for each in others))
        labels.append(Path(*path.parts[-length:]).as_posix())
    return labels


def opened(given: Iterable[Given]) -> list[Artifact | Broken]:
    """The artifacts at these paths; what is opened already stays as it is. UserError where there is none."""
    return [each if isinstance(each, Artifact | Broken) else _opened(each) for each in files(given)]


def _opened(file: File) -> Artifact | Broken:
    try:
        return Artifact(file.path, file.label, read_manifest(file.path))
    except UserError as error:
        if not file.path.exists():
            raise
        return Broken(file.path, file.label, str(error))


def open_artifacts(given: Iterable[Given]) -> list[Artifact]:
    """See opened; UserError for a broken one too."""
    artifacts = []
    for each in opened(given):
        if isinstance(each, Broken):
            raise UserError(each.reason)
        artifacts.append(each)
    return artifacts


def open_of_one_checkpoint(given: Iterable[Given]) -> list[Artifact]:
    """See open_artifacts; UserError unless all are of one checkpoint and input size, as what runs together must be."""
    artifacts = open_artifacts(given)
    for each in artifacts:
        first = artifacts[0].manifest
        if (each.manifest.checkpoint, each.manifest.preprocessing) != (first.checkpoint, first.preprocessing):
            raise UserError(
                f"{each.label} and {artifacts[0].label} are of different checkpoints or input sizes: measure them one "
                "after the other"
            )
    return artifacts


def class_names(manifest: Manifest) -> list[str]:
    """What an answer tells apart, by index: the labels; of a segmenter's only label first what is not it."""
    alone = manifest.task == "segmentation" and len(manifest.labels) == 1
    return ["all else", *manifest.labels] if alone else manifest.labels


def app_processor(manifest: Manifest, facts: Preprocessing | None = None) -> MobileViTImageProcessor:
    """Its `resize_and_crop` gives what an app that follows the manifest hands to the artifact: uint8 [H, W, C].

    facts: of the manifest's other sizes one, None: its default.
    """
    facts = facts or manifest.preprocessing
    sides = (facts.resize_height, facts.resize_width) if facts.resize_height and facts.resize_width else None
    return MobileViTImageProcessor(
        do_resize=facts.resize != "none",
        size=facts.resize_shortest_edge or sides,
        fit=facts.resize if facts.resize in ("cover", "contain") else None,
        resample=Image.Resampling[facts.interpolation.upper()],
        crop_size={"height": facts.crop_height, "width": facts.crop_width},
        num_channels=1 if manifest.input.color_order == "L" else 3,
    )


class References:
    """The checkpoints that the artifacts of a run were made from, each loaded once.

    Args:
        source: where the weights are; None: as each manifest says, which is no reason to ask the Hub: its cache here
            alone is then looked into.
        revision: where `source` is a Hub id, a branch, tag or commit.
    """

    def __init__(self, source: str | None = None, revision: str | None = None) -> None:
        if revision is not None and source is None:
            raise UserError("--revision is of a Hub id: give it as --checkpoint")
        self.source = source
        self.revision = revision
        self._loaded: dict[tuple[CheckpointFacts, str, Task], Checkpoint] = {}

    def of(self, artifact: Artifact) -> Checkpoint:
        """With the artifact's crops; UserError where there is none, or the one found has other weights."""
        key = (artifact.manifest.checkpoint, artifact.manifest.size, artifact.manifest.task)
        if key not in self._loaded:
            self._loaded[key] = self._load(artifact)
        facts = artifact.manifest.preprocessing
        return self._loaded[key].cropping(facts.crop_height, facts.crop_width)

    def _load(self, artifact: Artifact) -> Checkpoint:
        from reference.checkpoints import load_checkpoint

        manifest = artifact.manifest
        if self.source is not None:
            checkpoint = load_checkpoint(self.source, None, manifest.task, revision=self.revision)
        else:
            checkpoint = self._as_said(artifact)
        if checkpoint.sha256 != manifest.checkpoint.sha256:
            raise UserError(
                f"{artifact.label} was made from other weights than {self.source or checkpoint.id} (sha256 differs): "
                "give the one it was made from, with --checkpoint"
            )
        return checkpoint

    def _as_said(self, artifact: Artifact) -> Checkpoint:
        """What the manifest names, where it lies here."""
        from reference.checkpoints import load_checkpoint

        facts, size = artifact.manifest.checkpoint, artifact.manifest.size
        try:
            return load_checkpoint(
                facts.id,
                None if size == "custom" else size,
                artifact.manifest.task,
                revision=facts.commit,
                local_files_only=True,
            )
        except UserError as error:
            raise UserError(f"{error}; for {artifact.label} name its weights with --checkpoint") from error


# A run's references, or where their weights are; see References.
Source = str | References | None


def references_from(source: Source) -> References:
    """Those of the run, or new ones."""
    return source if isinstance(source, References) else References(source)
