"""What the pipelines' commands share: options, and the lines printed at the end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import DEFAULT_OUTPUT, add_checkpoint_options, add_verbose_option
from reference.config import HUB_IDS

if TYPE_CHECKING:  # artifact.py loads PyTorch, which --help must not wait for
    from .artifact import Written


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options every pipeline has."""
    add_checkpoint_options(parser)
    parser.add_argument("--output-dir", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    add_verbose_option(parser)


def print_written(written: Written, seconds: float) -> None:
    """One line on what was written, one on the checkpoint."""
    manifest = written.manifest
    print(
        f"{written.path}  {manifest.artifact.bytes / 1e6:.2f} MB  "
        f"{manifest.checkpoint.parameters / 1e6:.2f} M parameters  {seconds:.1f} s"
    )
    if manifest.checkpoint.id == "demo":
        print(
            f"checkpoint demo: the bundled demonstration ({len(manifest.labels)} rendered classes); "
            f"ImageNet: --checkpoint {HUB_IDS[manifest.size]}"
        )
    else:
        print(f"checkpoint {manifest.checkpoint.id}, sha256 {manifest.checkpoint.sha256}")
