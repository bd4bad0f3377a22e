"""What goes into an artifact and what comes out, as its manifest tells apps."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .strict import Positive, Strict

MOST_VALUES = 2**28  # of a batch: 1 GiB of float32

Number = Annotated[float, Field(allow_inf_nan=False)]
Dtype = Literal["uint8", "int8", "float32"]
ColorOrder = Literal["RGB", "BGR", "L"]
Layout = Literal["NHWC", "NCHW"]
Meaning = Literal["probabilities", "scores", "values", "label", "class_map", "logits", "features", "feature_map"]


class Quantization(Strict):
    """What the integers of a tensor stand for: (integer - zero_point) * scale."""

    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    zero_point: Annotated[int, Field(ge=-(2**31), lt=2**31)]


class InputSpec(Strict):
    """The tensor or image that the artifact takes, after the app's half of the preprocessing.

    shape: of a batch, whose pixels are the crop's; color_order: of the pixels the app hands over, "L" of one channel;
    network_color_order, scale and offset: what the artifact does itself, pixel * scale + offset, a number for each
    channel of the network. quantization: how a pixel becomes the tensor's integer, null where the pixel's value itself
    is handed over.
    """

    name: str
    kind: Literal["image", "tensor"]
    shape: list[Positive]
    layout: Layout
    dtype: Dtype
    minimum: Number
    maximum: Number
    color_order: Literal["RGB", "L"]
    network_color_order: ColorOrder
    scale: list[Number]
    offset: list[Number]
    quantization: Quantization | None = None

    @model_validator(mode="after")
    def _channels(self) -> InputSpec:
        if len(self.shape) != 4:
            raise ValueError(f"{len(self.shape)} dimensions for a batch of images, which has 4")
        if math.prod(self.shape) > MOST_VALUES:
            raise ValueError(f"{self.shape} are more than {MOST_VALUES} values")
        channels = self.shape[1 if self.layout == "NCHW" else 3]
        orders = {self.color_order == "L", self.network_color_order == "L"}
        if channels not in (1, 3) or orders != {channels == 1}:
            raise ValueError(f"{self.color_order} and {self.network_color_order} for {channels} channels")
        if (len(self.scale), len(self.offset)) != (channels, channels):
            raise ValueError(f"{len(self.scale)} scales and {len(self.offset)} offsets for {channels} channels")
        return self

    @property
    def batch(self) -> int:
        """How many images go in at once."""
        return self.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels."""
        height, width = self.shape[2:] if self.layout == "NCHW" else self.shape[1:3]
        return height, width


class OutputSpec(Strict):
    """One output; `meaning` tells how to read its values.

    probabilities: of each label, one of which is true; scores: of each label whether it is true, 0..1, any number of
    which are; values: of each label the number that was asked for (regression); logits: of each label, before softmax
    or sigmoid, and of segmentation a coarse map of them, to be resized to the crop (bilinear) before the largest is
    chosen; label: the most probable one; class_map: per pixel of the crop the index of its label, of one label alone
    1 where it is and 0 elsewhere; features: the image's
    feature vector, before any classifier; feature_map: what that vector is the mean of.
    layout: of maps with channels, else null; quantization: what its integers stand for, null where it has none.
    """

    name: str
    kind: Literal["tensor", "dictionary", "string"]
    shape: Annotated[list[Positive], Field(min_length=1)]
    dtype: Literal["float32", "int32", "uint8", "int8", "int16", "string"]
    meaning: Meaning
    layout: Layout | None
    quantization: Quantization | None = None

    def answers_batch(self, images: int) -> bool:
        """Whether its shape begins with an axis for so many images."""
        return self.kind == "tensor" and len(self.shape) > 1 and self.shape[0] == images

    @property
    def classes(self) -> int | None:
        """How many labels its shape speaks of; None where it has no axis for them."""
        if self.meaning not in ("probabilities", "scores", "values", "logits"):
            return None
        return self.shape[1 if self.layout == "NCHW" else -1]

    @model_validator(mode="after")
    def _axes(self) -> OutputSpec:
        if (self.layout is not None) != (len(self.shape) == 4):
            raise ValueError(f"layout {self.layout} for {len(self.shape)} dimensions")
        return self
