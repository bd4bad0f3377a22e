"""`python -m tests.fuzz`: thousands of unsound files through every parser, and a table of what became of them."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

from reference import MobileViTConfig, MobileViTForImageClassification, MobileViTImageProcessor
from reference.command_line import positive, run
from reference.initialise import randomise

from .campaign import GOOD, SECONDS, attack, table
from .targets import ARTIFACTS, NAMES, targets_of

# A network of few and small numbers: what runs is to be quick, and mutations are to hit more than weights.
SIDE = 32
SMALL = MobileViTConfig(
    image_size=SIDE, hidden_sizes=[8] * 3, neck_hidden_sizes=[8] * 7, num_attention_heads=2, mlp_ratio=1.0,
    expand_ratio=1.0, num_labels=3,
)  # fmt: skip
CONVERTERS = {"mlpackage": "coreml", "tflite": "tflite", "onnx": "onnx", "aimodel": "coreai"}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help=f"{', '.join(NAMES)} (default: all)")
    parser.add_argument("--mutations", type=positive, default=20_000, metavar="NUMBER", help="of each parser's file")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each parser at most, by the clock")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--journal", type=Path, metavar="FOLDER", help="notes to go on from, where it was interrupted")
    arguments = parser.parse_args(argv)
    names = tuple(arguments.parsers or NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no parser {', '.join(sorted(unknown))}")
    return run(lambda: _campaign(arguments, names))


def _campaign(arguments: argparse.Namespace, names: tuple[str, ...]) -> int:
    tallies = {}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = _small(Path(folder, "small"))
        artifacts = {name: _converted(name, checkpoint, Path(folder)) for name in names if name in ARTIFACTS}
        for target in targets_of(names, Path(folder), artifacts):
            journal = arguments.journal and arguments.journal / f"{target.name}.{arguments.seed}.json"
            if journal:
                journal.parent.mkdir(parents=True, exist_ok=True)
            until = time.monotonic() + arguments.seconds
            tallies[target.name] = attack(target, arguments.seed, arguments.mutations, until=until, journal=journal)
            print(*table({target.name: tallies[target.name]}), sep="\n", file=sys.stderr)
    print(f"seed {arguments.seed}; a hang takes more than {SECONDS:g} s of processor time, memory more than 2 GiB")
    print(*table(tallies), sep="\n")
    return int(any(outcome not in GOOD for tally in tallies.values() for outcome in tally.outcomes))


def _small(folder: Path) -> Path:
    network = MobileViTForImageClassification(SMALL)
    randomise(network, seed=0)
    network.save_pretrained(folder)
    MobileViTImageProcessor().save_pretrained(folder)
    return folder


def _converted(name: str, checkpoint: Path, folder: Path) -> Path:
    pipeline = importlib.import_module(f"converters.{CONVERTERS[name]}.__main__")
    options = ["--checkpoint", str(checkpoint), "--image-size", str(SIDE), "--output-dir", str(folder)]
    if pipeline.main(options):
        raise SystemExit(f"there is no .{name} to begin with: see above")
    (path,) = folder.glob(f"*.{name}")
    return path


if __name__ == "__main__":
    sys.exit(main())
