"""What `python -m validation peers` runs."""

from __future__ import annotations

from argparse import Namespace

from ..peers.side_by_side import print_side_by_side


def run(arguments: Namespace) -> int:
    """Build the peers, compare, print; returns the exit code."""
    return print_side_by_side(
        arguments.artifacts, arguments.checkpoint, scenes=arguments.scenes, verbose=arguments.verbose
    )
