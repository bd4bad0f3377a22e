"""What artifacts are called, and what they call themselves."""

from __future__ import annotations

from reference.checkpoints import Checkpoint
from reference.labels import distinct
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


def class_names(checkpoint: Checkpoint) -> list[str]:
    """The checkpoint's labels, all different; none where nothing is classified."""
    return [] if checkpoint.task == "features" else distinct(checkpoint.model.config.labels)
