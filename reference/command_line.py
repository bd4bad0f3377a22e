"""What all commands share: options that spell the same everywhere, and silence, and how a command ends."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os.path import exists, isdir
from pathlib import Path
from typing import NoReturn

from .config import SIZES, TASKS
from .errors import UserError
from .extras import not_installed
from .foreign_text import one_line
from .interruption import WORDS, interruptible, interruption
from .refusals import refusal
from .sources import hub_id

DEFAULT_OUTPUT = Path("build")


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def positive(text: str) -> int:
    """A whole number of at least one, as an argparse type."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return number


def existing(text: str) -> Path:
    """A file's or folder's path, as an argparse type: what is not there is told of before anything slow."""
    if not exists(text):
        raise argparse.ArgumentTypeError(f"there is no folder or file {text}")
    return Path(text)


def folder(text: str) -> Path:
    """A folder's path, as an argparse type."""
    if not isdir(text):
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)


def add_checkpoint_options(place: argparse._ActionsContainer) -> None:
    """--checkpoint, --size, --task, for a parser or one of its groups."""
    place.add_argument(
        "--checkpoint",
        default="demo",
        metavar="{demo,random,PATH,HUB_ID}",
        help="the weights. demo: the bundled ones, of rendered scenes; random: drawn from a seed; a folder, or a file "
        f"of weights; or an id of the Hugging Face Hub, for example {hub_id('xxs')} (default: %(default)s)",
    )
    place.add_argument(
        "--size",
        choices=SIZES,
        help="size of the network (default: the checkpoint's own, or xxs for demo and random)",
    )
    place.add_argument("--task", choices=TASKS, default=TASKS[0], help="what the network is for (default: %(default)s)")


def add_revision_option(place: argparse._ActionsContainer) -> None:
    """--revision, for a parser or one of its groups."""
    place.add_argument(
        "--revision", metavar="NAME", help="of a Hub id, a branch, tag or commit (default: its main branch)"
    )


def add_verbose_option(parser: argparse.ArgumentParser) -> None:
    """-v, --verbose."""
    parser.add_argument("-v", "--verbose", action="store_true", help="show what third-party libraries print")


def make_folder(folder: Path) -> None:
    """Create `folder` where it is missing; UserError when that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another folder") from error


@contextmanager
def working(title: str, verbose: bool) -> Iterator[None]:
    """Show a spinner on a terminal and hold back everything else printed, by C++ code too.

    When the work fails unexpectedly, what was held back is printed after all.
    """
    if verbose:
        yield
        return
    from rich.text import Text

    from .console import Plain

    with tempfile.TemporaryFile() as held, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = os.dup(1), os.dup(2)
        os.dup2(held.fileno(), 1)
        os.dup2(held.fileno(), 2)
        try:
            with os.fdopen(os.dup(err), "w") as terminal, Plain(file=terminal).status(Text(title)):
                yield
        except BaseException as error:
            if interruption() or isinstance(error, UserError | KeyboardInterrupt) or refusal(error):
                raise
            held.seek(0)
            os.write(err, held.read())
            raise
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError):  # of a full disk, where what is held back is kept
                    stream.flush()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(out)
            os.close(err)


UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h: a mistake of the kit's, and no verdict


def run(command: Callable[[], int]) -> int:
    """Run a command's body; a user's mistake becomes one line on stderr and exit code 2, any other 70.

    So does what the system refuses become one line and 2; SIGINT and SIGTERM 128 and their number, as shells have it.
    """
    with interruptible():
        try:
            return command()
        except (Exception, KeyboardInterrupt) as error:
            return _ended(error)


def _ended(error: Exception | KeyboardInterrupt) -> int:
    number = interruption() or (signal.SIGINT if isinstance(error, KeyboardInterrupt) else None)
    if number is not None:
        print(WORDS[number], file=sys.stderr)
        return 128 + number
    if isinstance(error, BrokenPipeError):  # whoever read the output, for example `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    line = str(error) if isinstance(error, UserError) else not_installed(error) or refusal(error)
    if line is not None:
        print(f"error: {one_line(line)}", file=sys.stderr)
        return 2
    traceback.print_exception(error)
    print("error: this is a mistake of the kit's: report the lines above", file=sys.stderr)
    return UNEXPECTED


def leave(code: int) -> NoReturn:
    """End the program; Ctrl-C comes too late then, and is not to tear Python's own end to pieces."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
