"""What `python -m validation peers` runs."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from reference.errors import UserError

from ..artifact import Artifact, References, open_artifacts
from ..peers.side_by_side import print_side_by_side
from ..results import NOT_RUN_BUT_REQUIRED
from ..runtimes import NotRun


def run(arguments: Namespace) -> int:
    """Build the peers, compare, print; returns the exit code."""
    if bool(arguments.artifacts) == bool(arguments.size):
        raise UserError("name .tflite files, or a --size, not both: python -m validation peers --size xxs")
    artifacts = arguments.artifacts or classifiers(arguments.models, arguments.size)
    references = References(arguments.checkpoint, arguments.revision)
    try:
        return print_side_by_side(artifacts, references, scenes=arguments.scenes, verbose=arguments.verbose)
    except NotRun as reason:
        print(f"NOT RUN: {reason}")
        return NOT_RUN_BUT_REQUIRED


def classifiers(folder: Path, size: str) -> list[Artifact]:
    """The .tflite classifiers of the demonstration checkpoint in `folder`, the largest file first."""
    found = []
    for each in open_artifacts(sorted(folder.glob("*.tflite"))):
        manifest = each.manifest
        if (manifest.task, manifest.size, manifest.checkpoint.id) == ("classification", size, "demo"):
            found.append(each)
    if not found:
        raise UserError(f"no .tflite classifier of size {size} in {folder}: python -m converters.tflite --size {size}")
    return sorted(found, key=lambda each: -each.manifest.artifact.bytes)
