"""What the pipelines' commands share: options, and the way from a checkpoint to the lines printed at the end."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import DEFAULT_OUTPUT, add_checkpoint_options, add_verbose_option, working
from reference.errors import UserError
from reference.extras import require
from reference.sources import hub_id

if TYPE_CHECKING:  # these load PyTorch, which --help must not wait for
    from reference.checkpoints import Checkpoint

    from .artifact import Written


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options every pipeline has."""
    add_checkpoint_options(parser)
    parser.add_argument(
        "--output",
        choices=("mask", "logits"),
        default="mask",
        help="of segmentation: the class of each pixel, or the network's coarse logits (default: mask)",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--output-dir", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    place.add_argument(
        "--into",
        type=Path,
        metavar="APP",
        help="ios_demo, android_demo, or a folder of an app's own: writes there instead, and a golden set beside the "
        "artifact: pictures with the reference's answers, for the app's self-test",
    )
    parser.add_argument(
        "--golden-pictures", type=Path, metavar="FOLDER", help="pictures for it (default: rendered scenes)"
    )
    parser.add_argument(
        "--no-pass",
        action="append",
        default=[],
        metavar="NAME",
        help="leave out one of the exact rewrites of converters/passes.py, fold-layer-norm say; may be repeated",
    )
    add_verbose_option(parser)


def convert_and_report(
    arguments: argparse.Namespace, *, extra: str, needs: str, convert: Callable[[Checkpoint], Written]
) -> int:
    """Load the checkpoint, convert it in silence, print what was written; returns the exit code.

    Args:
        extra, needs: the optional dependencies of the pipeline, and the module that shows they are there.
        convert: the pipeline; it imports its heavy libraries itself, so that their noise is held back too.
    """
    require(extra, needs)
    from reference.checkpoints import load_checkpoint

    from .app import models_folder, write_golden
    from .artifact import app_preprocessing, check_place

    if arguments.golden_pictures is not None and arguments.into is None:
        raise UserError("--golden-pictures is for the golden set that --into writes: give --into too")
    if arguments.into is not None:
        arguments.output_dir = models_folder(arguments.into)
    check_place(arguments.output_dir)
    started = time.monotonic()
    checkpoint = load_checkpoint(arguments.checkpoint, arguments.size, arguments.task)
    app_preprocessing(checkpoint)  # or refuse, before anything heavy is loaded
    with working(f"converting with {needs}", arguments.verbose):
        written = convert(checkpoint)
        golden = write_golden(written, checkpoint, arguments.golden_pictures) if arguments.into else None
    _print_written(written, time.monotonic() - started)
    if golden is not None:
        print(f"golden set {golden}  {golden.stat().st_size / 1e6:.2f} MB")
    return 0


def _print_written(written: Written, seconds: float) -> None:
    """One line on what was written, its notes, one line on the checkpoint."""
    manifest = written.manifest
    print(
        f"{written.path}  {manifest.artifact.bytes / 1e6:.2f} MB  "
        f"{manifest.checkpoint.parameters / 1e6:.2f} M parameters  {seconds:.1f} s"
    )
    for note in written.notes:
        print(note)
    if manifest.checkpoint.id == "demo":
        classes = f" ({len(manifest.labels)} rendered classes)" if manifest.labels else ""
        people = "Pascal VOC" if manifest.task == "segmentation" else "ImageNet"
        published = hub_id(manifest.size, manifest.task)
        print(f"checkpoint demo: the bundled demonstration{classes}; {people}: --checkpoint {published}")
    else:
        print(f"checkpoint {manifest.checkpoint.id}, sha256 {manifest.checkpoint.sha256}")
