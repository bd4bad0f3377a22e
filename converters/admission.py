"""Whatever can be said against a conversion before anything slow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.extras import KIT, required_version
from reference.golden import golden_path
from reference.manifest import manifest_path
from reference.plain_files import read_bytes

from .app import check_pictures
from .artifact import check_place
from .calibration import check_calibration
from .naming import file_name, with_labels
from .options import Options
from .preprocessing import app_preprocessing

NAME_MAX = 255  # letters of a file's name, on the file systems of Linux and macOS

Chosen = TypeVar("Chosen", bound=Options)


def admit(checkpoint: Checkpoint, output_dir: Path, options: Chosen) -> tuple[Chosen, Path]:
    """The options, settled, and where the artifact goes.

    Raises:
        UserError: whatever can be said against them before anything slow.
    """
    required_version(KIT)  # which the manifest names
    check_place(output_dir)
    options = options.settled(checkpoint.task)
    with_labels(checkpoint, options)
    for size in options.image_size or [None]:
        app_preprocessing(checkpoint if size is None else checkpoint.cropping(*size))  # which has a largest crop
    if options.images != "none":
        check_calibration(checkpoint, options.calibration, required=options.images == "required")
    if options.golden_pictures is not None:
        check_pictures(options.golden_pictures)
    target = output_dir / file_name(checkpoint, options)
    longest = golden_path(target).name
    if len(longest) > NAME_MAX:
        raise UserError(
            f"the name {longest[:40]}... would have {len(longest)} letters, {NAME_MAX} are the most: give the folder "
            "of the checkpoint a shorter one"
        )
    if target.exists() and not options.overwrite:
        _check_origin(target, checkpoint)
    return options, target


def _check_origin(target: Path, checkpoint: Checkpoint) -> None:
    """UserError where the artifact at `target` is not known to be of the same checkpoint."""
    path = manifest_path(target)
    try:
        facts = json.loads(read_bytes(path))["checkpoint"]  # of any schema
        id, sha256 = str(facts["id"]), str(facts["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        what = f"{target} has no manifest that says what it was made from"
    else:
        if sha256 == checkpoint.sha256:
            return
        what = f"{target} was made from checkpoint {id} (sha256 {sha256[:12]}...)"
    raise UserError(
        f"{what}, this one is of checkpoint {checkpoint.id} (sha256 {checkpoint.sha256[:12]}...): give --overwrite to "
        "replace it, or another --output-dir"
    )
