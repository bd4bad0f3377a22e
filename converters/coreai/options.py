"""The options of `python -m converters.coreai`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ..declared import option
from ..options import HOW, Options

if TYPE_CHECKING:
    from reference.manifest import Format


@dataclass(frozen=True)
class Compression:
    """What one value of --compress does.

    about: for --help. palette: the bits of an index into a table, None where weights are multiples of a scale for each
    output channel. activations: whether what the layers take has 8 bits too.
    """

    about: str
    palette: int | None = None
    activations: bool = False


COMPRESSIONS = {
    "int8": Compression("weights, a scale per output channel"),
    "palettize6": Compression("weights, a table of 64 values per tensor", palette=6),
    "palettize4": Compression("weights, a table of 16 values per tensor", palette=4),
    "w8a8": Compression("weights, and what the layers that have them take, int8", activations=True),
}


@dataclass(frozen=True, kw_only=True)
class CoreAIOptions(Options):
    """What this pipeline can be asked for beside what all can."""

    format: ClassVar[Format] = "aimodel"

    precision: str = option(
        "float16",
        "number format of weights and activations. The Neural Engine computes in float16 only",
        group=HOW,
        choices=("float16", "float32"),
        mark=str,
    )
    compress: str = option(
        "none",
        "fewer bits. " + ". ".join(f"{name}: {compression.about}" for name, compression in COMPRESSIONS.items()),
        group=HOW,
        choices=("none", *COMPRESSIONS),
    )

    @property
    def compression(self) -> Compression | None:
        """None where weights stay as they are."""
        return COMPRESSIONS.get(self.compress)

    @property
    def numbers(self) -> tuple[str, str]:
        return self.precision, self.compress

    @property
    def measures(self) -> bool:
        """Whether ranges of activations decide what is computed."""
        return self.compression is not None and self.compression.activations

    @property
    def images(self) -> Literal["none", "useful", "required"]:
        if self.measures:
            return "required"
        return "none" if self.compression is None else "useful"  # for the biases

    @property
    def told(self) -> Collection[str]:
        return ["compress", "precision"] if self.compression is None else ["compress"]


DEFAULTS = CoreAIOptions()
