"""`python -m reference.demo`: train, evaluate and picture the demonstration checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from ..command_line import Parser, add_checkpoint_options, leave, positive, run
from ..config import SIZES, TASKS


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m reference.demo", description=__doc__.split(": ")[1])
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser(
        "train", help="train on rendered scenes; the same command resumes after an interruption"
    )
    train.add_argument(
        "--task", choices=TASKS[:2], default=TASKS[0], help="what the network is for (default: %(default)s)"
    )
    train.add_argument("--size", choices=SIZES, default="xxs", help="size of the network (default: %(default)s)")
    train.add_argument("--output", type=Path, required=True, help="folder for weights, state and rendered scenes")
    train.add_argument(
        "--shrink", type=positive, default=1, help="divide the number of scenes by this, for a quick trial"
    )

    evaluate = commands.add_parser(
        "evaluate", help="top-1 or mIoU on the validation scenes, and what preprocessing mistakes cost"
    )
    add_checkpoint_options(evaluate)
    evaluate.add_argument(
        "--scenes", type=positive, default=5000, help="how many, from the first on (default: %(default)s)"
    )

    picture = commands.add_parser(
        "picture", help="write sample.png, and a sheet of scenes with a checkpoint's predictions"
    )
    add_checkpoint_options(picture)
    picture.add_argument("--output", type=Path, required=True, help="folder for the two files")

    for parallel in (train, evaluate):
        parallel.add_argument(
            "--jobs", type=positive, default=os.cpu_count() or 1, help="processes (default: one per core)"
        )
    arguments = parser.parse_args(argv)

    def command() -> int:
        if arguments.command == "train":
            from .train import train

            train(arguments.task, arguments.size, arguments.output, jobs=arguments.jobs, shrink=arguments.shrink)
        elif arguments.command == "evaluate":
            from .evaluate import evaluate

            where = (arguments.checkpoint, arguments.size, arguments.task)
            evaluate(*where, scenes=arguments.scenes, jobs=arguments.jobs)
        else:
            from .picture import write_pictures

            write_pictures(arguments.checkpoint, arguments.size, arguments.task, arguments.output)
        return 0

    return run(command)


if __name__ == "__main__":
    leave(main())
