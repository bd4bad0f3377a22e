"""What artifacts are called, and what they call themselves."""

from __future__ import annotations

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.label_files import read_labels
from reference.labels import check_labels, distinct
from reference.manifest import Task

from .options import Options, marks

AUTHOR = "MobileViT Edge Kit"
# How file names begin.
STEMS: dict[Task, str] = {
    "classification": "mobilevit",
    "segmentation": "deeplabv3_mobilevit",
    "features": "mobilevit_features",
}
PURPOSES: dict[Task, str] = {
    "classification": "image classifier",
    "segmentation": "semantic segmentation",
    "features": "image feature extractor",
}


def file_name(checkpoint: Checkpoint, options: Options) -> str:
    """{stem}_{size}_{checkpoint}_{kind}[_{mark}...].{format}, different for whatever `options` (settled) shape."""
    marked = marks(options, checkpoint.task)
    parts = (STEMS[checkpoint.task], checkpoint.size, checkpoint.slug, options.kind, *marked)
    return f"{'_'.join(parts)}.{options.format}"


def with_labels(checkpoint: Checkpoint, options: Options) -> Checkpoint:
    """The same with the labels that the options name; UserError where they do not fit, or are no lines of text."""
    if options.labels is not None:
        return checkpoint.labelled(read_labels(options.labels, checkpoint.model.config.num_labels))
    if checkpoint.task != "features":
        try:
            check_labels(checkpoint.model.config.labels, f"checkpoint {checkpoint.id}")
        except UserError as error:
            raise UserError(f"{error}, with --labels FILE") from error
    return checkpoint


def class_names(checkpoint: Checkpoint) -> list[str]:
    """The checkpoint's labels, all different; none where nothing is classified."""
    return [] if checkpoint.task == "features" else distinct(checkpoint.model.config.labels)
