"""What the pipelines' commands share: the way from what was typed to the lines printed at the end."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reference.command_line import (
    DEFAULT_OUTPUT,
    Parser,
    add_checkpoint_options,
    add_revision_option,
    add_verbose_option,
    folder,
    run,
    working,
)
from reference.config_rules import default_labels
from reference.extras import require
from reference.sources import CONFIG_FILE, RESERVED, Source, hub_id, open_source

from .declared import add_options, from_arguments
from .options import HEADINGS, PLACE, WHAT, Options

if TYPE_CHECKING:  # these load PyTorch, which --help must not wait for
    from reference.checkpoints import Checkpoint

    from .artifact import Written

Chosen = TypeVar("Chosen", bound=Options)


def command(
    argv: Sequence[str] | None,
    *,
    pipeline: str,
    product: str,
    options: type[Chosen],
    needs: Sequence[str],
    convert: Callable[[Checkpoint, Path, Chosen], Written],
) -> int:
    """A pipeline's whole command; returns the exit code.

    Args:
        pipeline: its name, which is also that of its optional dependencies; product: what it makes.
        options: what it can be asked for.
        needs: modules that show its dependencies are there, the one that does the work first.
        convert: imports its heavy libraries itself, so that --help need not wait, and their noise is held back.
    """
    parser = Parser(
        prog=f"python -m converters.{pipeline}", description=f"Convert a MobileViT checkpoint to {product}."
    )
    add_verbose_option(parser)
    groups = {heading: parser.add_argument_group(heading) for heading in HEADINGS}
    add_checkpoint_options(groups[WHAT])
    add_revision_option(groups[WHAT])
    add_options(groups, options)
    _add_place(groups[PLACE])
    arguments = parser.parse_args(argv)
    chosen = from_arguments(options, arguments)

    def work() -> int:
        require(pipeline, *needs)
        return _convert_and_report(arguments, chosen, needs[0], convert)

    return run(work)


def _add_place(group: Any) -> None:
    """--output-dir or --into."""
    place = group.add_mutually_exclusive_group()
    place.add_argument(
        "--output-dir",
        type=Path,
        default=DEFAULT_OUTPUT,
        metavar="FOLDER",
        help="where the artifact and its manifest go (default: %(default)s)",
    )
    place.add_argument(
        "--into",
        type=folder,
        metavar="APP",
        help="write into an app instead: ios_demo, android_demo, or a folder of an app of yours; with --golden",
    )


def _convert_and_report(
    arguments: argparse.Namespace,
    options: Chosen,
    worker: str,
    convert: Callable[[Checkpoint, Path, Chosen], Written],
) -> int:
    """Load the checkpoint, convert it in silence, print what was written."""
    source: str | Source = arguments.checkpoint
    if arguments.checkpoint not in RESERVED:
        source = open_source(arguments.checkpoint, revision=arguments.revision)
        source.find(CONFIG_FILE)  # a Hub out of reach is told of before PyTorch is loaded
    from reference.checkpoints import load_checkpoint
    from reference.golden import golden_path

    from .admission import admit
    from .app import check_app, models_folder
    from .artifact import check_place

    if arguments.into is not None:
        check_app(arguments.into, options.format, options.batch)
    output_dir = arguments.output_dir if arguments.into is None else models_folder(arguments.into)
    options = dataclasses.replace(options, golden=options.golden or arguments.into is not None)
    check_place(output_dir)  # before a checkpoint is downloaded
    started = time.monotonic()
    checkpoint = load_checkpoint(source, arguments.size, arguments.task, revision=arguments.revision)
    admit(checkpoint, output_dir, options)  # or refuse, before anything heavy is loaded
    with working(f"converting with {worker}", arguments.verbose):
        written = convert(checkpoint, output_dir, options)
    _print_written(written, time.monotonic() - started, checkpoint.notes)
    if options.golden:
        golden = golden_path(written.path)
        print(f"golden set {golden}  {golden.stat().st_size / 1e6:.2f} MB")
    return 0


def _print_written(written: Written, seconds: float, notes: Sequence[str]) -> None:
    """One line on what was written, its notes, one line on the checkpoint, the checkpoint's notes."""
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
        commit = f", commit {manifest.checkpoint.commit}" if manifest.checkpoint.commit else ""
        print(f"checkpoint {manifest.checkpoint.id}{commit}, sha256 {manifest.checkpoint.sha256}")
        for note in notes:
            print(note)
        if manifest.labels and manifest.labels == list(default_labels(len(manifest.labels)).values()):
            print(f"its files name no labels, which are {manifest.labels[0]} and so on: give --labels FILE")
