"""`python -m converters.tflite`: a checkpoint to a .tflite file with an RGB image tensor as input."""

from __future__ import annotations

import sys
import time

from reference.command_line import Parser, require, run, working

from ..command_line import add_common_options, print_written

# These stand here and not in convert.py: --help must not import TensorFlow.
PRECISIONS = ("float16", "float32")
INPUT_DTYPES = ("float32", "uint8")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m converters.tflite", description="Convert a MobileViT checkpoint to TFLite (.tflite)."
    )
    add_common_options(parser)
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

    def command() -> int:
        require("tflite", "tensorflow")
        started = time.monotonic()
        from reference.checkpoints import load_checkpoint

        checkpoint = load_checkpoint(arguments.checkpoint, arguments.size)
        with working("converting to TFLite", arguments.verbose):
            from .convert import convert

            written = convert(
                checkpoint, arguments.output_dir, precision=arguments.precision, input_dtype=arguments.input_dtype
            )
        print_written(written, time.monotonic() - started)
        return 0

    return run(command)


if __name__ == "__main__":
    sys.exit(main())
