"""`python -m converters.coreml`: a checkpoint to a Core ML ML Program (.mlpackage) with image input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import leave
from reference.errors import UserError
from reference.extras import coremltools_writes

from ..command_line import command
from .options import CoreMLOptions

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written


def main(argv: list[str] | None = None) -> int:
    return command(
        argv,
        pipeline="coreml",
        product="Core ML (.mlpackage)",
        options=CoreMLOptions,
        needs=("coremltools",),
        convert=_convert,
    )


def _convert(checkpoint: Checkpoint, output_dir: Path, options: CoreMLOptions) -> Written:
    if not coremltools_writes():
        raise UserError("coremltools was built from its source and cannot write weights: python -m validation doctor")
    from .convert import convert

    return convert(checkpoint, output_dir, options)


if __name__ == "__main__":
    leave(main())
