"""From an artifact's manifest to what it is compared with: the same pixels, and the checkpoint it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from reference.checkpoints import Checkpoint, load_checkpoint
from reference.errors import UserError
from reference.image_processor import MobileViTImageProcessor
from reference.manifest import Manifest, Preprocessing, read_manifest


def app_processor(facts: Preprocessing) -> MobileViTImageProcessor:
    """Its `resize_and_crop` gives what an app that follows the manifest hands to the artifact: uint8 RGB [H, W, 3]."""
    sides = (facts.resize_height, facts.resize_width) if facts.resize_height and facts.resize_width else None
    return MobileViTImageProcessor(
        do_resize=facts.resize != "none",
        size=facts.resize_shortest_edge or sides,
        resample=Image.Resampling[facts.interpolation.upper()],
        crop_size={"height": facts.crop_height, "width": facts.crop_width},
    )


def manifests_of_one(artifacts: Iterable[Path]) -> list[Manifest]:
    """Their manifests; UserError unless all are of one checkpoint and input size, as what runs side by side must be."""
    manifests = [read_manifest(artifact) for artifact in artifacts]
    for manifest in manifests:
        if (manifest.checkpoint, manifest.preprocessing) != (manifests[0].checkpoint, manifests[0].preprocessing):
            raise UserError(
                f"{manifest.artifact.file} and {manifests[0].artifact.file} are of different checkpoints or input "
                "sizes: measure them one after the other"
            )
    return manifests


def reference_of(manifest: Manifest, source: str | None) -> Checkpoint:
    """The checkpoint an artifact was made from, with its crops; UserError when the one found has other weights."""
    size = manifest.size if source is None and manifest.size != "custom" else None
    try:
        checkpoint = load_checkpoint(source or manifest.checkpoint.id, size, manifest.task)
    except UserError as error:
        if source is not None:
            raise
        raise UserError(f"{error}; for {manifest.artifact.file} name its weights with --checkpoint") from error
    if checkpoint.sha256 != manifest.checkpoint.sha256:
        raise UserError(
            f"{manifest.artifact.file} was made from other weights than {source or checkpoint.id} (sha256 differs): "
            "give --checkpoint"
        )
    return checkpoint.cropping(manifest.preprocessing.crop_height, manifest.preprocessing.crop_width)
