"""Changes of type: cast, quantize, dequantize."""

from __future__ import annotations

import torch
from torch import Tensor

from ..datatypes import DataType, of_argument
from ..registry import op


@op("cast")
def cast(x: Tensor, dtype: str) -> Tensor:
    """x as `dtype`. iOS15 on; 8 and 16 bit integers from iOS17 on.

    Floats are cut towards zero. Uncertain: values outside of the integer type's range; here they become its limits.
    """
    return convert(x, of_argument(dtype))


def convert(x: Tensor, data_type: DataType) -> Tensor:
    """x in the carrier of `data_type`; a float16 is rounded by the executor, which knows the precision."""
    if data_type.kind == "int" and x.is_floating_point():
        low, high = limits(data_type)
        x = x.double().trunc().clamp(low, high)
    return x.to(data_type.carrier)


def limits(data_type: DataType) -> tuple[int, int]:
    """Smallest and largest value of an integer type."""
    if data_type.name.startswith("U"):
        return 0, (1 << data_type.bits) - 1
    return -(1 << (data_type.bits - 1)), (1 << (data_type.bits - 1)) - 1


@op("quantize")
def quantize(
    input: Tensor, scale: Tensor, output_dtype: str, zero_point: Tensor | None = None, axis: int | None = None
) -> Tensor:
    """clip(round(input / scale) + zero_point) as int8 or uint8. iOS17 on; int4 and uint4 from iOS18 on.

    scale and zero_point are scalars, or vectors along `axis`. round is half-to-even, as in coremltools' tests.
    Uncertain: whether devices divide, or multiply by a rounded 1 / scale.
    """
    data_type = of_argument(output_dtype)
    steps = torch.round(input / along_axis(scale, input, axis))
    if zero_point is not None:
        steps = steps + along_axis(zero_point, input, axis).to(steps.dtype)
    return steps.clamp(*limits(data_type)).to(data_type.carrier)


@op("dequantize")
def dequantize(input: Tensor, scale: Tensor, zero_point: Tensor | None = None, axis: int | None = None) -> Tensor:
    """scale (input - zero_point). iOS17 on; scale and zero_point are scalars, or vectors along `axis`."""
    steps = input.to(scale.dtype)
    if zero_point is not None:
        steps = steps - along_axis(zero_point, input, axis).to(scale.dtype)
    return along_axis(scale, input, axis) * steps


def along_axis(parameter: Tensor, x: Tensor, axis: int | None) -> Tensor:
    """A scalar as it is; a vector so that it is broadcast along `axis` of x."""
    if parameter.ndim == 0 or parameter.numel() == 1:
        return parameter.reshape(())
    if axis is None:
        raise ValueError("a scale or zero point per slice needs an axis")
    shape = [1] * x.ndim
    shape[axis] = -1
    return parameter.reshape(shape)
