"""Compressed weights: the constexpr_* operations, evaluated once, at load.

iOS16 packs indices and masks of fewer than 8 bits into vectors of bytes and says the shape; iOS18 has types for them.
Each operation takes both forms where both exist.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..datatypes import BY_NAME, of_argument, unpack_bits
from ..registry import Ints, op
from .casting import along_axis, convert


@op("constexpr_affine_dequantize")
def affine_dequantize(quantized_data: Tensor, zero_point: Tensor, scale: Tensor, axis: int) -> Tensor:
    """scale (quantized_data - zero_point), scalars or vectors along `axis`. iOS16 on."""
    offset = along_axis(zero_point, quantized_data, axis)
    return along_axis(scale, quantized_data, axis) * (quantized_data.to(scale.dtype) - offset.to(scale.dtype))


@op("constexpr_cast")
def cast(source_val: Tensor, output_dtype: str) -> Tensor:
    """source_val as another type of float. iOS16 on."""
    return convert(source_val, of_argument(output_dtype))


@op("constexpr_blockwise_shift_scale")
def blockwise_shift_scale(data: Tensor, scale: Tensor, offset: Tensor | None = None) -> Tensor:
    """scale (data - offset), where each value of scale and offset serves a block of data. iOS18 on.

    All have the same rank; along each axis a block has data's size by scale's size.
    """
    values = data.to(scale.dtype)
    if offset is not None:
        values = values - _spread(offset, data).to(scale.dtype)
    return _spread(scale, data) * values


@op("constexpr_lut_to_dense", exact=True)
def lut_to_dense(indices: Tensor, lut: Tensor, shape: Ints | None = None, vector_axis: int | None = None) -> Tensor:
    """Each index replaced by what the lookup table holds for it.

    iOS16: indices as a vector of bytes, to be unpacked to `shape`; lut [palettes].
    iOS18: lut [.., palettes, vector], its first axes dividing indices into groups with a table each; the values of a
    vector follow each other along `vector_axis`.
    """
    if shape is not None:
        return lut[_unpacked(indices, int(math.log2(lut.numel())), shape).long()]
    palettes, length = lut.shape[-2:]
    # Which table each index belongs to, as a position among the tables.
    groups = torch.arange(lut[..., 0, 0].numel()).reshape(lut.shape[:-2])
    vectors = lut.reshape(-1, palettes, length)[_spread(groups, indices), indices.long()]  # [*indices, vector]
    if length == 1:
        return vectors[..., 0]
    if vector_axis is None:
        raise ValueError("vectors need a vector_axis")
    axis = vector_axis % indices.ndim
    return vectors.movedim(-1, axis + 1).flatten(axis, axis + 1)


@op("constexpr_sparse_to_dense", exact=True)
def sparse_to_dense(nonzero_data: Tensor, mask: Tensor, shape: Ints | None = None) -> Tensor:
    """nonzero_data where the mask is 1, in order, zeros elsewhere.

    iOS16: the mask as a vector of bytes, to be unpacked to `shape`. iOS18: the mask has the shape itself.
    """
    chosen = (mask if shape is None else _unpacked(mask, 1, shape)).bool()
    dense = torch.zeros(chosen.shape, dtype=nonzero_data.dtype)
    dense[chosen] = nonzero_data
    return dense


@op("constexpr_lut_to_sparse", exact=True)
def lut_to_sparse(
    indices_mask: Tensor, indices_nonzero_data: Tensor, lut: Tensor, vector_axis: int | None = None
) -> tuple[Tensor, Tensor]:
    """As constexpr_lut_to_dense, of the indices that the mask keeps; returns their mask and values. iOS18 on."""
    dense = lut_to_dense(sparse_to_dense(indices_nonzero_data, indices_mask), lut, None, vector_axis)
    mask = indices_mask
    if lut.shape[-1] > 1:
        assert vector_axis is not None
        mask = mask.repeat_interleave(lut.shape[-1], vector_axis)
    return mask, dense[mask.bool()]


@op("constexpr_sparse_blockwise_shift_scale")
def sparse_blockwise_shift_scale(
    data_mask: Tensor, nonzero_data: Tensor, scale: Tensor, offset: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As constexpr_blockwise_shift_scale, of the values that the mask keeps; returns mask and values. iOS18 on."""
    dense = blockwise_shift_scale(sparse_to_dense(nonzero_data, data_mask), scale, offset)
    return data_mask, dense[data_mask.bool()]


def _spread(parameter: Tensor, data: Tensor) -> Tensor:
    """Repeat each value of a parameter over its block of data."""
    for axis, (blocks, size) in enumerate(zip(parameter.shape, data.shape)):
        if size % blocks:
            raise ValueError(f"{blocks} blocks do not divide axis {axis} of size {size}")
        if 1 < blocks < size:  # torch broadcasts the rest by itself
            parameter = parameter.repeat_interleave(size // blocks, axis)
    return parameter.expand(data.shape)


def _unpacked(packed: Tensor, bits: int, shape: Ints) -> Tensor:
    count = math.prod(shape)
    data_type = BY_NAME[f"UINT{bits}"]
    values = unpack_bits(packed.numpy(), data_type, count) if data_type.packed else packed.numpy()[:count]
    return torch.from_numpy(values).reshape(shape)
