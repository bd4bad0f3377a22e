"""`python -m validation.mil`: run or look into a saved ML Program, on any operating system."""

from __future__ import annotations

from pathlib import Path

from reference.command_line import Parser, leave, run

from .precision import Precision

COMMANDS = "validation.mil.commands"
BODIES = {"run": "run", "ops": "list_operations", "inspect": "inspect"}
SECONDS = 3.0  # of processor time, and one more for each MB, that a command may take; xxs at 256 x 256 takes 0.3
SLOW = 100  # times that, where partial sums are rounded


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
        from reference.confined import Confined, Misbehaved
        from reference.errors import UserError
        from reference.manifest import size_in_bytes

        body, given, slow = BODIES[arguments.command], [arguments.package], 1
        if arguments.command == "run":
            given += [arguments.image, arguments.precision, arguments.spread]
            slow = SLOW if arguments.spread or arguments.precision == Precision.FLOAT16_ACCUMULATE else 1
        size = size_in_bytes(arguments.package) if arguments.package.is_dir() else 0
        try:
            with Confined(COMMANDS, silent=False) as process:
                return process.call(f"{COMMANDS}:{body}", *given, seconds=slow * (SECONDS + size / 1e6))
        except Misbehaved as error:
            raise UserError(f"{arguments.package}: what reads and runs it {error}") from error

    return run(command)


if __name__ == "__main__":
    leave(main())
