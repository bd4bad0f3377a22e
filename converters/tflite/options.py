"""The options of `python -m converters.tflite`."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from reference.command_line import existing
from reference.errors import UserError

from ..declared import option
from ..options import CHECKS, ENDS, HOW, IMAGES, Options, listing, name_of
from .own_recipe import OwnRecipe, read_recipe
from .recipes import MODES, measured

if TYPE_CHECKING:
    from typing import Self

    from reference.manifest import Format, Task

DTYPES = ("float32", "uint8", "int8")
RANGE_METHODS = ("auto", "minmax", "percentile", "mse")


@dataclass(frozen=True, kw_only=True)
class TFLiteOptions(Options):
    """What this pipeline can be asked for beside what all can."""

    format: ClassVar[Format] = "tflite"

    quantize: str = option(
        "float16",
        ". ".join(f"{name}: {mode.about}" for name, mode in MODES.items()),
        group=HOW,
        choices=tuple(MODES),
        mark=str,
    )
    recipe: OwnRecipe | None = option(
        None,
        "rules of your own, in ai-edge-quantizer's JSON, in place of those of --quantize",
        group=HOW,
        metavar="FILE",
        parse=read_recipe,
        says=lambda recipe: recipe.text,
    )
    keep_float: tuple[str, ...] = option(
        (),
        "leave operations in float whose results have such names, for example layer.4/fusion",
        group=HOW,
        metavar="REGEX",
        repeated=True,
        says=shlex.join,
    )
    input_dtype: str = option(
        None,
        "type of the image tensor. float32: 0..255, which GPU delegates and MediaPipe take; uint8: raw bytes",
        group=ENDS,
        choices=DTYPES,
        by_default="float32, or uint8 for int8-full",
        mark="input-{}".format,
    )
    output_dtype: str = option(
        None,
        "type of the answer; of integers the manifest has scale and zero point",
        group=ENDS,
        choices=DTYPES,
        by_default="float32, or uint8 for int8-full",
        mark="output-{}".format,
    )
    range_method: str = option(
        "auto",
        "how a tensor's range is chosen. minmax: all values; percentile: all but 0.01 %; mse: the least squared error "
        "of rounding and clipping; auto: the same, measured behind SiLU where one follows",
        group=IMAGES,
        choices=RANGE_METHODS,
        mark=str,
    )
    max_drop: float | None = option(
        None,
        "how many points of top-1 the file may lose on labelled pictures. The most harmful parts go back to float "
        "until it loses no more; prints size, latency and accuracy of each step",
        group=CHECKS,
        metavar="POINTS",
        parse=float,
    )
    labelled: Path | None = option(
        None,
        "pictures for --max-drop, with a sub-folder for each label",
        group=CHECKS,
        metavar="FOLDER",
        parse=existing,
        by_default="rendered training scenes, for the demo checkpoint alone",
        says=name_of,
        identity=listing,
    )

    @property
    def numbers(self) -> tuple[str, str]:
        if self.recipe is not None:
            return "float32", f"recipe{self.recipe.bits}"
        mode = MODES[self.quantize]
        return mode.precision, self.quantize if mode.compressed else "none"

    @property
    def measures(self) -> bool:
        """Whether activations are quantized by ranges."""
        return MODES[self.quantize].measures if self.recipe is None else measured(self.recipe.entries)

    @property
    def images(self) -> Literal["none", "useful", "required"]:
        return "required" if self.measures else "none"

    @property
    def kind(self) -> str:
        return super().kind if self.recipe is None else f"recipe-{self.recipe}"

    @property
    def told(self) -> Collection[str]:
        return ["quantize" if self.recipe is None else "recipe"]

    def idle(self, task: Task) -> set[str]:
        unused = {"labelled"} if self.max_drop is None else set()
        unused |= set() if self.measures else {"range_method"}
        return super().idle(task) | unused | ({"output_dtype"} if self.maps_classes(task) else set())

    def maps_classes(self, task: Task) -> bool:
        """Whether the answer is the class of each pixel, int32 in all modes."""
        return task == "segmentation" and self.output == "answer"

    def filled(self) -> Self:
        mode = MODES[self.quantize]
        return replace(
            self,
            input_dtype=self.input_dtype or mode.input_dtype,
            output_dtype=self.output_dtype or mode.output_dtype,
        )

    def check(self, task: Task) -> None:
        super().check(task)
        class_map = self.maps_classes(task)
        if class_map and self.output_dtype:
            raise UserError("a class map is the int32 class of each pixel: leave --output-dtype out")
        filled = self.filled()
        integers = filled.input_dtype == "int8" or (filled.output_dtype != "float32" and not class_map)
        if not self.measures and integers:
            raise UserError(
                f"--quantize {self.quantize} measures no ranges, which an int8 input and an integer output need: "
                "choose int8, int8-full or int16x8"
            )
        if self.max_drop is not None and not self.measures:
            raise UserError(f"--max-drop is for modes that quantize activations, not for --quantize {self.quantize}")


DEFAULTS = TFLiteOptions()
