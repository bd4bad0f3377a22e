"""What the pipelines' commands share: options, silence, and the lines printed at the end."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reference.command_line import DEFAULT_OUTPUT, add_checkpoint_options
from reference.config import HUB_IDS
from reference.errors import UserError

from .artifact import Written


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options every pipeline has."""
    add_checkpoint_options(parser)
    parser.add_argument("--output-dir", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what the third-party converters print")


def require(extra: str, *modules: str) -> None:
    """UserError when a module of the optional dependencies `extra` is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise UserError(f"{module} is not installed: run pip install 'mobilevit-edge-kit[{extra}]'")


@contextmanager
def working(title: str, verbose: bool) -> Iterator[None]:
    """Show a spinner on a terminal and hold back everything else printed, by C++ code too.

    When the work fails unexpectedly, what was held back is printed after all.
    """
    if verbose:
        yield
        return
    from rich.console import Console

    with tempfile.TemporaryFile() as held, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = os.dup(1), os.dup(2)
        os.dup2(held.fileno(), 1)
        os.dup2(held.fileno(), 2)
        try:
            with os.fdopen(os.dup(err), "w") as terminal, Console(file=terminal).status(title):
                yield
        except UserError:
            raise
        except BaseException:
            held.seek(0)
            os.write(err, held.read())
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(out)
            os.close(err)


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
