"""The options of `python -m converters.onnx`."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from reference.errors import UserError

from ..declared import option
from ..options import ENDS, HOW, IMAGES, Options

if TYPE_CHECKING:
    from typing import Self

    from reference.manifest import Format, Task

OPSETS = range(18, 24)
INPUT_DTYPES = ("uint8", "float32")
RANGE_METHODS = ("auto", "minmax", "percentile")  # TFLite's, but for mse, which ONNX Runtime's quantizer lacks


@dataclass(frozen=True)
class Quantization:
    """One value of --quantize; precision, compression: see ArtifactFacts; opset: where no other is asked for."""

    about: str
    precision: str = "float32"
    compression: str = "none"
    opset: int = 23


QUANTIZATIONS = {
    "none": Quantization("all float32"),
    "float16": Quantization("weights, in half the bytes", precision="float16"),
    # ONNX Runtime 1.23 has no QuantizeLinear of 23.
    "int8": Quantization(
        "weights, and activations of the layers that have weights, for CPUs", compression="int8", opset=20
    ),
}


def version(text: str) -> int:
    """A version in OPSETS, as an argparse type."""
    if not text.isdecimal() or int(text) not in OPSETS:
        raise argparse.ArgumentTypeError(f"{text} is not one of {OPSETS[0]} to {OPSETS[-1]}")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class ONNXOptions(Options):
    """What this pipeline can be asked for beside what all can."""

    format: ClassVar[Format] = "onnx"

    quantize: str = option(
        "none",
        ". ".join(f"{name}: {each.about}" for name, each in QUANTIZATIONS.items()),
        group=HOW,
        choices=tuple(QUANTIZATIONS),
    )
    input_dtype: Literal["uint8", "float32"] = option(
        "uint8",
        "type of the image tensor [B, H, W, 3], which holds 0..255 either way",
        group=ENDS,
        choices=INPUT_DTYPES,
        mark="input-{}".format,
    )
    range_method: str = option(
        "auto",
        "how a tensor's range is chosen. minmax: all values; percentile: all but 0.001 %; auto: percentile",
        group=IMAGES,
        choices=RANGE_METHODS,
        mark=str,
    )
    dynamic_batch: bool = option(
        False,
        "take any number of images at once",
        group=ENDS,
        says=lambda value: str(value).lower(),
        mark=lambda value: "batch",
    )
    opset: int = option(
        None,
        f"version of ONNX's operations, {OPSETS[0]} to {OPSETS[-1]}. ONNX Runtime knows 23 from 1.23 on; below 23 "
        "attention is a chain of operations instead of one",
        group=HOW,
        metavar="VERSION",
        parse=version,
        by_default="23, or 20 for int8",
        mark="opset{}".format,
    )

    @property
    def numbers(self) -> tuple[str, str]:
        mode = QUANTIZATIONS[self.quantize]
        return mode.precision, mode.compression

    @property
    def images(self) -> Literal["none", "useful", "required"]:
        return "required" if self.quantize == "int8" else "none"

    @property
    def told(self) -> Collection[str]:
        return ["quantize"]

    def idle(self, task: Task) -> set[str]:
        return super().idle(task) | ({"range_method"} if self.images == "none" else set())

    def check(self, task: Task) -> None:
        super().check(task)
        if self.dynamic_batch and self.batch > 1:
            raise UserError("--dynamic-batch takes any number of images: leave --batch out")

    def filled(self) -> Self:
        """Of range methods auto is the percentile."""
        method = "percentile" if self.range_method == "auto" else self.range_method
        return replace(self, range_method=method, opset=self.opset or QUANTIZATIONS[self.quantize].opset)


DEFAULTS = ONNXOptions()
