"""`python -m validation`: run artifacts beside the PyTorch reference."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from reference.command_line import Parser, add_verbose_option, positive, run


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m validation", description="Check artifacts against the reference.")
    commands = parser.add_subparsers(dest="command", required=True)
    classify = commands.add_parser("classify", help="classify one image with the reference and with artifacts")
    classify.add_argument("--image", type=Path, required=True, help="a photograph, as an app would take it")
    accuracy = commands.add_parser("accuracy", help="top-1 or mIoU of the reference and of artifacts, paired")
    accuracy.add_argument(
        "--scenes", type=positive, default=5000, help="how many rendered validation scenes (default: %(default)s)"
    )
    accuracy.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="processes (default: one per core)"
    )
    peers = commands.add_parser("peers", help="the same weights through stock TFLite routes, beside .tflite files")
    peers.add_argument(
        "--scenes", type=positive, default=200, help="how many rendered validation scenes (default: %(default)s)"
    )
    for command in (classify, accuracy, peers):
        command.add_argument("artifacts", nargs="+", type=Path, metavar="ARTIFACT", help=".mlpackage or .tflite")
        command.add_argument(
            "--checkpoint", help="the reference's weights, where the manifest's own id cannot be found from here"
        )
        add_verbose_option(command)
    arguments = parser.parse_args(argv)

    def body() -> int:
        given = (arguments.artifacts, arguments.checkpoint)
        if arguments.command == "classify":
            from .classify import classify_image

            return classify_image(*given, image=arguments.image, verbose=arguments.verbose)
        if arguments.command == "peers":
            from .peers.side_by_side import print_side_by_side

            return print_side_by_side(*given, scenes=arguments.scenes, verbose=arguments.verbose)
        from .accuracy import print_accuracies

        return print_accuracies(*given, scenes=arguments.scenes, jobs=arguments.jobs)

    return run(body)


if __name__ == "__main__":
    sys.exit(main())
