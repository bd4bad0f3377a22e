"""`python -m validation`: run artifacts beside the PyTorch reference."""

from __future__ import annotations

import sys
from pathlib import Path

from reference.command_line import Parser, add_verbose_option, run


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m validation", description="Check artifacts against the reference.")
    commands = parser.add_subparsers(dest="command", required=True)
    classify = commands.add_parser("classify", help="classify one image with the reference and with artifacts")
    classify.add_argument("artifacts", nargs="+", type=Path, metavar="ARTIFACT", help=".mlpackage or .tflite")
    classify.add_argument("--image", type=Path, required=True, help="a photograph, as an app would take it")
    classify.add_argument(
        "--checkpoint", help="the reference's weights, where the manifest's own id cannot be found from here"
    )
    add_verbose_option(classify)
    arguments = parser.parse_args(argv)

    def command() -> int:
        from .classify import classify_image

        return classify_image(arguments.artifacts, arguments.image, arguments.checkpoint, arguments.verbose)

    return run(command)


if __name__ == "__main__":
    sys.exit(main())
