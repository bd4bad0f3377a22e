"""`python -m converters.tflite`: a checkpoint to a .tflite file with an RGB image tensor as input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import Parser, positive, run

from ..command_line import add_common_options, convert_and_report

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written

# These stand here and not in the modules that know them: --help must not import TensorFlow.
MODES = ("none", "float16", "int8-weight", "int8-dynamic", "int8", "int8-full", "int16x8")
RANGE_METHODS = ("auto", "minmax", "percentile", "mse")
DTYPES = ("float32", "uint8", "int8")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m converters.tflite", description="Convert a MobileViT checkpoint to TFLite (.tflite)."
    )
    add_common_options(parser)
    parser.add_argument(
        "--image-size", type=positive, help="side of the crop in pixels (default: the checkpoint's own)"
    )
    parser.add_argument(
        "--quantize",
        choices=MODES,
        default="float16",
        help="none: weights and activations float32. float16: weights float16, activations float32 on a CPU and the "
        "GPU's choice on a GPU; runs well on both. int8-weight: weights int8, activations float32; small, as fast as "
        "float. int8-dynamic: weights int8, the activations of convolutions and linear layers int8 as they run; for "
        "CPUs, no calibration. int8: weights and most activations int8, attention and norms float32; the one for CPUs "
        "with 8-bit dot products. int8-full: weights and all activations int8; for NPUs that know integers only, slow "
        "on CPUs. int16x8: weights int8, activations int16; for NPUs, very slow on CPUs (default: float16)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FOLDER",
        help="images that activation ranges are measured on (default: the rendered training scenes, for the demo "
        "checkpoint)",
    )
    parser.add_argument(
        "--calibration-samples", type=positive, default=128, help="how many of them (default: %(default)s)"
    )
    parser.add_argument(
        "--range-method",
        choices=RANGE_METHODS,
        default="auto",
        help="minmax: all values; percentile: all but 0.01 %%; mse: the least squared error of rounding and clipping; "
        "auto: the same, measured behind SiLU where one follows (default: auto)",
    )
    parser.add_argument(
        "--keep-float",
        action="append",
        default=[],
        metavar="REGEX",
        help="leave operations in float whose results have such names, layer.4/fusion say; may be repeated",
    )
    parser.add_argument(
        "--recipe", type=Path, metavar="FILE", help="ai-edge-quantizer's JSON instead of the rules of --quantize"
    )
    parser.add_argument(
        "--max-drop",
        type=float,
        metavar="POINTS",
        help="put the most harmful parts back to float until top-1 on labelled images drops by no more; prints the "
        "size, latency and accuracy of each step",
    )
    parser.add_argument(
        "--labelled",
        type=Path,
        metavar="FOLDER",
        help="images for --max-drop, one sub-folder per label (default: rendered training scenes, for the demo)",
    )
    parser.add_argument(
        "--input-dtype",
        choices=DTYPES,
        help="of the image tensor; float32 holds 0..255 and is what GPU delegates and MediaPipe take, uint8 takes raw "
        "bytes (default: float32; uint8 for int8-full)",
    )
    parser.add_argument(
        "--output-dtype",
        choices=DTYPES,
        help="of the answer, with scale and zero point in the manifest (default: float32; uint8 for int8-full)",
    )
    arguments = parser.parse_args(argv)

    def pipeline(checkpoint: Checkpoint) -> Written:
        from .convert import convert
        from .quantize import Options

        return convert(
            checkpoint,
            arguments.output_dir,
            Options(
                mode=arguments.quantize,
                input_dtype=arguments.input_dtype,
                output_dtype=arguments.output_dtype,
                calibration=arguments.calibration,
                calibration_samples=arguments.calibration_samples,
                range_method=arguments.range_method,
                keep_float=arguments.keep_float,
                recipe=arguments.recipe,
                max_drop=arguments.max_drop,
                labelled=arguments.labelled,
            ),
            output=arguments.output,
            image_size=arguments.image_size,
            excluded_passes=arguments.no_pass,
        )

    return run(lambda: convert_and_report(arguments, extra="tflite", needs="tensorflow", convert=pipeline))


if __name__ == "__main__":
    sys.exit(main())
