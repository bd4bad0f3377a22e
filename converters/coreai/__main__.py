"""`python -m converters.coreai`: a checkpoint to a Core AI model (.aimodel) that takes the crop's bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reference.command_line import leave

from ..command_line import command
from .options import CoreAIOptions

if TYPE_CHECKING:
    from reference.checkpoints import Checkpoint

    from ..artifact import Written


def main(argv: list[str] | None = None) -> int:
    return command(
        argv,
        pipeline="coreai",
        product="Core AI (.aimodel)",
        options=CoreAIOptions,
        needs=("coreai_torch", "coreai"),
        convert=_convert,
    )


def _convert(checkpoint: Checkpoint, output_dir: Path, options: CoreAIOptions) -> Written:
    from .convert import convert

    return convert(checkpoint, output_dir, options)


if __name__ == "__main__":
    leave(main())
