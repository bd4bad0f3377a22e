"""The options of `python -m converters.coreml`, and what its compressions are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from reference.errors import UserError

from ..crop_sizes import Size, as_typed, sizes
from ..declared import option
from ..options import ENDS, HOW, Options

if TYPE_CHECKING:
    from typing import Self

    from reference.manifest import Format, Task

PRECISIONS = ("float16", "float32", "mixed")
OLDEST = "iOS16"  # where nothing newer is needed
# As coremltools orders them, within a family.
TARGETS = ("iOS15", "iOS16", "iOS17", "iOS18", "macOS12", "macOS13", "macOS14", "macOS15")


@dataclass(frozen=True)
class Compression:
    """What one value of --compress does.

    about: for --help. bits: of each weight; palette: whether they index a table of 2**bits values that k-means chose
    for the tensor, or are multiples of a scale for each output channel; activations: whether they have 8 bits too;
    needs: the oldest deployment target that has the operations.
    """

    about: str
    bits: int
    palette: bool = False
    activations: bool = False
    needs: str = "iOS16"


COMPRESSIONS = {
    "int8": Compression("weights, a scale per output channel", 8),
    "palettize8": Compression("weights, a table of 256 values per tensor", 8, palette=True),
    "palettize6": Compression("weights, a table of 64 values per tensor", 6, palette=True),
    "palettize4": Compression("weights, a table of 16 values per tensor", 4, palette=True),
    "w8a8": Compression(
        "weights and activations int8, which the Neural Engine of A17 Pro, M4 and newer computes with",
        8,
        activations=True,
        needs="iOS17",
    ),
}


@dataclass(frozen=True, kw_only=True)
class CoreMLOptions(Options):
    """What this pipeline can be asked for beside what all can."""

    format: ClassVar[Format] = "mlpackage"
    several_sizes: ClassVar[bool] = True

    image_size: tuple[Size, ...] = option(
        (),
        "side of the crop in pixels, or height x width; several squares with commas, the default first",
        group=ENDS,
        metavar="SIZE[,SIZE...]",
        parse=sizes,
        by_default="the checkpoint's own",
        says=lambda sizes: ",".join(map(as_typed, sizes)),
        mark=lambda sizes: "-".join(map(as_typed, sizes)),
    )
    precision: str = option(
        "float16",
        "number format of weights and activations. mixed: float16, and float32 where calibration images leave its "
        "range. The Neural Engine computes in float16 only",
        group=HOW,
        choices=PRECISIONS,
        mark=str,
    )
    compress: str = option(
        "none",
        "fewer bits. " + ". ".join(f"{name}: {compression.about}" for name, compression in COMPRESSIONS.items()),
        group=HOW,
        choices=("none", *COMPRESSIONS),
    )
    minimum_deployment_target: str = option(
        None,
        "oldest system that it is to run on",
        group=HOW,
        choices=TARGETS,
        by_default="iOS16, or iOS17 for w8a8",
        mark=str,
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
        return self.precision == "mixed" or (self.compression is not None and self.compression.activations)

    @property
    def images(self) -> Literal["none", "useful", "required"]:
        if self.measures:
            return "required"
        return "none" if self.compression is None else "useful"  # for the biases

    @property
    def told(self) -> Collection[str]:
        return ["compress", "precision"] if self.compression is None else ["compress"]

    def filled(self) -> Self:
        needed = OLDEST if self.compression is None else self.compression.needs
        return replace(self, minimum_deployment_target=self.minimum_deployment_target or needed)

    def check(self, task: Task) -> None:
        super().check(task)
        target, compression = self.minimum_deployment_target, self.compression
        if target and compression is not None and _generation(target) < _generation(compression.needs):
            raise UserError(
                f"--compress {self.compress} needs {compression.needs} or newer: leave --minimum-deployment-target "
                f"{target} out, or raise it"
            )


DEFAULTS = CoreMLOptions()


def _generation(target: str) -> int:
    """Counted in systems of iOS, each of which has a macOS of the same operations: macOS13 goes with iOS16."""
    return int(target.removeprefix("iOS")) if target.startswith("iOS") else int(target.removeprefix("macOS")) + 3
