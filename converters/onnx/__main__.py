"""`python -m converters.onnx`: a checkpoint to an .onnx file with an RGB image tensor as input."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import Parser, positive, run
from reference.extras import require

from ..command_line import add_common_options, convert_and_report

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written

# These stand here and not in the modules that know them: --help must not import PyTorch.
QUANTIZATIONS = ("none", "float16", "int8")
INPUT_DTYPES = ("uint8", "float32")
RANGE_METHODS = ("auto", "minmax", "percentile")  # TFLite's, but for mse, which ONNX Runtime's quantizer lacks
OPSETS = range(18, 24)


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m converters.onnx", description="Convert a MobileViT checkpoint to ONNX (.onnx).")
    add_common_options(parser)
    parser.add_argument(
        "--image-size", type=positive, help="side of the crop in pixels (default: the checkpoint's own)"
    )
    parser.add_argument(
        "--quantize",
        choices=QUANTIZATIONS,
        default="none",
        help="none: all float32; float16: weights, in half the bytes; int8: weights, and activations of the "
        "layers that have weights, for CPUs (default: none)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FOLDER",
        help="images that int8 measures ranges on (default: the rendered training scenes, for the demo checkpoint)",
    )
    parser.add_argument(
        "--calibration-samples", type=positive, default=128, help="how many of them (default: %(default)s)"
    )
    parser.add_argument(
        "--range-method",
        choices=RANGE_METHODS,
        default="auto",
        help="minmax: all values; percentile: all but 0.001 %%; auto: percentile (default: auto)",
    )
    parser.add_argument(
        "--input-dtype",
        choices=INPUT_DTYPES,
        default="uint8",
        help="of the image tensor [1, H, W, 3], which holds 0..255 either way (default: %(default)s)",
    )
    parser.add_argument("--dynamic-batch", action="store_true", help="take any number of images at once, not just one")
    parser.add_argument(
        "--opset",
        type=_opset,
        help=f"version of ONNX's operations, {OPSETS[0]} to {OPSETS[-1]}; below 23, which ONNX Runtime knows from 1.23 "
        "on, attention is a chain of operations instead of one (default: 23; 20 for int8)",
    )
    arguments = parser.parse_args(argv)

    def pipeline(checkpoint: Checkpoint) -> Written:
        require("onnx", "onnxruntime")
        from .convert import convert

        return convert(
            checkpoint,
            arguments.output_dir,
            quantize=arguments.quantize,
            input_dtype=arguments.input_dtype,
            output=arguments.output,
            image_size=arguments.image_size,
            dynamic_batch=arguments.dynamic_batch,
            opset=arguments.opset,
            calibration_folder=arguments.calibration,
            calibration_samples=arguments.calibration_samples,
            range_method="percentile" if arguments.range_method == "auto" else arguments.range_method,
            excluded_passes=arguments.no_pass,
        )

    return run(lambda: convert_and_report(arguments, extra="onnx", needs="onnxscript", convert=pipeline))


def _opset(text: str) -> int:
    """A version in OPSETS, as an argparse type."""
    if not text.isdecimal() or int(text) not in OPSETS:
        raise argparse.ArgumentTypeError(f"{text} is not one of {OPSETS[0]} to {OPSETS[-1]}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
