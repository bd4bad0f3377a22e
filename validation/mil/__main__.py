"""`python -m validation.mil`: run or look into a saved ML Program, on any operating system."""

from __future__ import annotations

from pathlib import Path

from reference.command_line import Parser, leave, run

from .precision import Precision


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m validation.mil",
        description="Run or look into an ML Program (.mlpackage) without Core ML: a reference executor, not Apple's.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    execute = commands.add_parser("run", help="feed a picture and print the outputs")
    execute.add_argument("--image", type=Path, required=True, help="stretched to the size that the program takes")
    execute.add_argument(
        "--precision",
        choices=[mode.value for mode in Precision],
        default=Precision.DECLARED.value,
        help="how float16 is rounded: at each result (declared), not at all, or at each partial sum too "
        "(default: %(default)s)",
    )
    execute.add_argument("--spread", action="store_true", help="also tell how far the precisions differ; slow")
    for subparser in (
        execute,
        commands.add_parser("ops", help="list the operations, and which of them cannot be run here"),
        commands.add_parser("inspect", help="print inputs, outputs, operations and weights"),
    ):
        subparser.add_argument("package", type=Path, metavar="PACKAGE", help=".mlpackage")
    arguments = parser.parse_args(argv)

    def command() -> int:
        from . import commands as bodies

        if arguments.command == "run":
            return bodies.run(arguments.package, arguments.image, arguments.precision, arguments.spread)
        return (bodies.list_operations if arguments.command == "ops" else bodies.inspect)(arguments.package)

    return run(command)


if __name__ == "__main__":
    leave(main())
