"""`python -m converters.tflite`: a checkpoint to a .tflite file with an RGB image tensor as input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reference.command_line import Parser, positive, run

from ..command_line import add_common_options, convert_and_report

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written

# These stand here and not in convert.py: --help must not import TensorFlow.
PRECISIONS = ("float16", "float32")
INPUT_DTYPES = ("float32", "uint8")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m converters.tflite", description="Convert a MobileViT checkpoint to TFLite (.tflite)."
    )
    add_common_options(parser)
    parser.add_argument(
        "--image-size", type=positive, help="side of the crop in pixels (default: the checkpoint's own)"
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float16",
        help="of the weights; activations are float32 on a CPU, and the GPU's own choice on a GPU (default: float16)",
    )
    parser.add_argument(
        "--input-dtype",
        choices=INPUT_DTYPES,
        default="float32",
        help="of the image tensor, which holds 0..255 either way; float32 is what GPU delegates and MediaPipe take, "
        "uint8 what apps with raw bytes hand over (default: float32)",
    )
    arguments = parser.parse_args(argv)

    def pipeline(checkpoint: Checkpoint) -> Written:
        from .convert import convert

        return convert(
            checkpoint,
            arguments.output_dir,
            precision=arguments.precision,
            input_dtype=arguments.input_dtype,
            output=arguments.output,
            image_size=arguments.image_size,
            excluded_passes=arguments.no_pass,
        )

    return run(lambda: convert_and_report(arguments, extra="tflite", needs="tensorflow", convert=pipeline))


if __name__ == "__main__":
    sys.exit(main())
