"""What an .aimodel says of itself in its metadata."""

from __future__ import annotations

import os
from typing import Any

from reference.checkpoints import Checkpoint
from reference.manifest import Preprocessing

from ..naming import AUTHOR, PURPOSES, class_names

EPOCH = 946684800  # 2000-01-01: a date that says nothing, where SOURCE_DATE_EPOCH does not give one


def describe(metadata: Any, checkpoint: Checkpoint, preprocessing: Preprocessing) -> None:
    """Fill in the metadata of an asset; the date is not the clock's, so that a checkpoint gives the same bytes."""
    own = checkpoint.id in ("demo", "random")
    metadata.author = AUTHOR
    metadata.license = "Apache-2.0" if own else f"that of the checkpoint {checkpoint.id}"
    metadata.model_description = f"MobileViT {checkpoint.size} {PURPOSES[checkpoint.task]}, checkpoint {checkpoint.id}"
    metadata.creation_date = float(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))
    metadata.set_custom("checkpoint", checkpoint.id)
    metadata.set_custom("checkpoint_sha256", checkpoint.sha256)
    metadata.set_custom("preprocessing", preprocessing.model_dump_json())
    if labels := class_names(checkpoint):
        metadata.set_custom("labels", labels)
