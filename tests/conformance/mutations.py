"""Operations made wrong on purpose: the tests must notice, or they prove nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from validation.mil.registry import REGISTRY


@dataclasses.dataclass(frozen=True)
class Mutation:
    """A mistake: the operation it is in, the wrong function around the right one, and the tests to notice it.

    module: a test file; only: part of the cases' names.
    """

    mistake: str
    operation: str
    wrong: Callable[..., Any]
    module: str
    only: str

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The mistake, while the context lasts."""
        right = REGISTRY[self.operation]

        def function(**arguments: Any) -> Any:
            return self.wrong(right.function, **arguments)

        REGISTRY[self.operation] = dataclasses.replace(right, function=function)
        try:
            yield
        finally:
            REGISTRY[self.operation] = right


def _flipped(conv: Callable[..., Tensor], weight: Tensor, **arguments: Any) -> Tensor:
    return conv(weight=weight.flip(-1), **arguments)


def _unbiased(layer_norm: Callable[..., Tensor], x: Tensor, axes: list[int], **arguments: Any) -> Tensor:
    count = torch.Size(x.shape[axis] for axis in axes).numel()
    y = layer_norm(x=x, axes=axes, **arguments)
    return y * ((count - 1) / count) ** 0.5 if count > 1 else y


def _exact(batch_norm: Callable[..., Tensor], epsilon: float = 1e-5, **arguments: Any) -> Tensor:
    return batch_norm(epsilon=0.0, **arguments)


def _inverted(pool: Callable[..., Tensor], exclude_padding_from_average: bool = False, **arguments: Any) -> Tensor:
    return pool(exclude_padding_from_average=not exclude_padding_from_average, **arguments)


def _position_first(shuffle: Callable[..., Tensor], x: Tensor, upscale_factor: int) -> Tensor:
    return REGISTRY["depth_to_space"].function(x=x, block_size=upscale_factor)


def _cut(quantize: Callable[..., Tensor], input: Tensor, scale: Tensor, **arguments: Any) -> Tensor:
    half = scale / 2 if scale.ndim == 0 else scale.mean() / 2
    return quantize(input=input - half, scale=scale, **arguments)


def _next_entry(to_dense: Callable[..., Tensor], lut: Tensor, **arguments: Any) -> Tensor:
    return to_dense(lut=lut.roll(1, -2 if lut.ndim > 1 else 0), **arguments)


def _half_a_step(resize: Callable[..., Tensor], sampling_mode: str = "DEFAULT", **arguments: Any) -> Tensor:
    return resize(sampling_mode="UNALIGN_CORNERS" if sampling_mode == "DEFAULT" else sampling_mode, **arguments)


MUTATIONS = (
    Mutation("convolution proper instead of correlation", "conv", _flipped, "iOS14/test_conv.py", "TestConv::"),
    Mutation("variance over n - 1", "layer_norm", _unbiased, "iOS14/test_normalization.py", "LayerNorm"),
    Mutation("epsilon forgotten", "batch_norm", _exact, "iOS14/test_normalization.py", "BatchNorm"),
    Mutation("padding counted when it is excluded", "avg_pool", _inverted, "iOS14/test_pool.py", "TestAvgPool"),
    Mutation(
        "position in the block before the channel",
        "pixel_shuffle",
        _position_first,
        "iOS14/test_tensor_transformation.py",
        "TestPixelShuffle",
    ),
    Mutation("quantize rounds down", "quantize", _cut, "iOS17/test_quantization.py", "TestQuantize"),
    Mutation("a palette shifted by one", "constexpr_lut_to_dense", _next_entry, "iOS16/test_constexpr_ops.py", "Lut"),
    Mutation("half-pixel centres", "resize", _half_a_step, "iOS17/test_image_resizing.py", "TestResize::"),
)
