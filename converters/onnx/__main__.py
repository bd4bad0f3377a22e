"""`python -m converters.onnx`: a checkpoint to an .onnx file with an RGB image tensor as input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import leave

from ..command_line import command
from .options import ONNXOptions

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written


def main(argv: list[str] | None = None) -> int:
    return command(
        argv,
        pipeline="onnx",
        product="ONNX (.onnx)",
        options=ONNXOptions,
        needs=("onnxscript", "onnxruntime"),
        convert=_convert,
    )


def _convert(checkpoint: Checkpoint, output_dir: Path, options: ONNXOptions) -> Written:
    from .convert import convert

    return convert(checkpoint, output_dir, options)


if __name__ == "__main__":
    leave(main())
