"""`python -m converters.coreml`: a checkpoint to a Core ML ML Program (.mlpackage) with image input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import Parser, positive, run
from reference.errors import UserError
from reference.extras import coremltools_writes

from ..command_line import add_common_options, convert_and_report

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written

# Choices stand here and not in the modules that know them: --help must not import coremltools.
PRECISIONS = ("float16", "float32", "mixed")
COMPRESSIONS = ("none", "int8", "palettize8", "palettize6", "palettize4", "w8a8")
TARGETS = ("iOS15", "iOS16", "iOS17", "iOS18", "macOS12", "macOS13", "macOS14", "macOS15")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m converters.coreml", description="Convert a MobileViT checkpoint to Core ML (.mlpackage)."
    )
    add_common_options(parser)
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float16",
        help="of weights and activations; mixed: float16, and float32 where calibration images leave its range; the "
        "Neural Engine computes in float16 only (default: float16)",
    )
    parser.add_argument(
        "--compress",
        choices=COMPRESSIONS,
        default="none",
        help="int8: weights, a scale per output channel; palettizeN: weights, a table of 2**N values per tensor; w8a8: "
        "weights and activations int8, which the Neural Engine of A17 Pro, M4 and newer computes with (default: none)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FOLDER",
        help="images that w8a8 and mixed measure on (default: the rendered training scenes, for the demo checkpoint)",
    )
    parser.add_argument(
        "--calibration-samples", type=positive, default=128, help="how many of them (default: %(default)s)"
    )
    parser.add_argument(
        "--image-size",
        type=_sides,
        default=[],
        metavar="SIDE[,SIDE...]",
        help="sides of the crop in pixels, the default first (default: the checkpoint's own)",
    )
    parser.add_argument(
        "--minimum-deployment-target",
        choices=TARGETS,
        help="oldest system it runs on (default: iOS16; iOS17 for w8a8)",
    )
    arguments = parser.parse_args(argv)

    def pipeline(checkpoint: Checkpoint) -> Written:
        if not coremltools_writes():
            raise UserError(
                "coremltools was built from its source and cannot write weights: python -m validation doctor"
            )
        from .convert import convert

        return convert(
            checkpoint,
            arguments.output_dir,
            precision=arguments.precision,
            compress=arguments.compress,
            output=arguments.output,
            image_sizes=arguments.image_size,
            minimum_deployment_target=arguments.minimum_deployment_target,
            calibration_folder=arguments.calibration,
            calibration_samples=arguments.calibration_samples,
            excluded_passes=arguments.no_pass,
        )

    return run(lambda: convert_and_report(arguments, extra="coreml", needs="coremltools", convert=pipeline))


def _sides(text: str) -> list[int]:
    """Sides of images, as an argparse type."""
    return [positive(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
