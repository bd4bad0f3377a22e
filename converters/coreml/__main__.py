"""`python -m converters.coreml`: a checkpoint to a Core ML ML Program (.mlpackage) with image input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reference.command_line import Parser, run

from ..command_line import add_common_options, convert_and_report

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written

# Precisions and deployment targets stand here and not in convert.py: --help must not import coremltools.
PRECISIONS = ("fp16", "fp32")
TARGETS = ("iOS15", "iOS16", "iOS17", "iOS18", "macOS12", "macOS13", "macOS14", "macOS15")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m converters.coreml", description="Convert a MobileViT checkpoint to Core ML (.mlpackage)."
    )
    add_common_options(parser)
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="fp16", help="of weights and activations (default: fp16)"
    )
    parser.add_argument(
        "--minimum-deployment-target",
        choices=TARGETS,
        default="iOS16",
        help="oldest system it runs on (default: iOS16)",
    )
    arguments = parser.parse_args(argv)

    def pipeline(checkpoint: Checkpoint) -> Written:
        from .convert import convert

        return convert(
            checkpoint,
            arguments.output_dir,
            precision=arguments.precision,
            minimum_deployment_target=arguments.minimum_deployment_target,
            excluded_passes=arguments.no_pass,
        )

    return run(lambda: convert_and_report(arguments, extra="coreml", needs="coremltools", convert=pipeline))


if __name__ == "__main__":
    sys.exit(main())
