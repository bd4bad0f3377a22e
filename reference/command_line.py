"""What all commands share: options that spell the same everywhere, and how a command ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .config import HUB_IDS, SIZES
from .errors import UserError

DEFAULT_OUTPUT = Path("build")


def add_checkpoint_options(parser: argparse.ArgumentParser) -> None:
    """--size, --task, --checkpoint."""
    parser.add_argument("--size", choices=SIZES, help="model size (default: the checkpoint's; xxs for demo and random)")
    parser.add_argument("--task", choices=["classification"], default="classification", help="default: %(default)s")
    parser.add_argument(
        "--checkpoint",
        default="demo",
        metavar="{demo,random,PATH,HUB_ID}",
        help=f"bundled demonstration weights, seeded random ones, a folder or weights file, or a Hugging Face Hub id "
        f"such as {HUB_IDS['xxs']} (default: %(default)s)",
    )


def run(command: Callable[[], int]) -> int:
    """Run a command's body; a user's mistake becomes one line on stderr and exit code 2."""
    try:
        return command()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
