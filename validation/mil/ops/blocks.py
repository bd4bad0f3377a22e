"""Blocks of pixels moved to channels or to the batch, and back. x is [N, C, H, W]."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from ..registry import Ints, op
from .padding import pad_last_axes


@op("depth_to_space", exact=True)
def depth_to_space(x: Tensor, block_size: int) -> Tensor:
    """[N, b*b*C, H, W] -> [N, C, H*b, W*b], the position in the block before the channel, as TensorFlow. iOS15 on."""
    batch, channels, height, width = x.shape
    b = block_size
    y = x.reshape(batch, b, b, channels // (b * b), height, width)
    return y.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels // (b * b), height * b, width * b)


@op("space_to_depth", exact=True)
def space_to_depth(x: Tensor, block_size: int) -> Tensor:
    """The inverse of depth_to_space. iOS15 on."""
    batch, channels, height, width = x.shape
    b = block_size
    y = x.reshape(batch, channels, height // b, b, width // b, b)
    return y.permute(0, 3, 5, 1, 2, 4).reshape(batch, channels * b * b, height // b, width // b)


@op("pixel_shuffle", exact=True)
def pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    """[N, C*r*r, H, W] -> [N, C, H*r, W*r], the channel before the position in the block, as PyTorch. iOS15 on."""
    return F.pixel_shuffle(x, upscale_factor)


@op("pixel_unshuffle", exact=True)
def pixel_unshuffle(x: Tensor, downscale_factor: int) -> Tensor:
    """The inverse of pixel_shuffle. iOS16 on."""
    return F.pixel_unshuffle(x, downscale_factor)


@op("space_to_batch", exact=True)
def space_to_batch(x: Tensor, block_shape: Ints, paddings: Tensor) -> Tensor:
    """[N, C, *D] -> [N*prod(block), C, *D / block], positions in the block first. iOS15 on.

    Padded by paddings [M, 2] before.
    """
    blocks = len(block_shape)
    pads = [(int(before), int(after)) for before, after in paddings] + [(0, 0)] * (x.ndim - 2 - blocks)
    x = pad_last_axes(x, pads)
    batch, channels, *sizes = x.shape
    split: Ints = []
    for size, block in zip(sizes, block_shape):
        split += [size // block, block]
    y = x.reshape(batch, channels, *split, *sizes[blocks:])
    inside = [3 + 2 * axis for axis in range(blocks)]
    outside = [2 + 2 * axis for axis in range(blocks)]
    y = y.permute(*inside, 0, 1, *outside, *range(2 + 2 * blocks, y.ndim))
    reduced = [size // block for size, block in zip(sizes, block_shape)]
    return y.reshape(batch * math.prod(block_shape), channels, *reduced, *sizes[blocks:])


@op("batch_to_space", exact=True)
def batch_to_space(x: Tensor, block_shape: Ints, crops: Tensor) -> Tensor:
    """The inverse of space_to_batch, without the values that crops [M, 2] name. iOS15 on."""
    blocks = len(block_shape)
    batch, channels, *sizes = x.shape
    y = x.reshape(*block_shape, batch // math.prod(block_shape), channels, *sizes)
    order: Ints = []
    for axis in range(blocks):
        order += [blocks + 2 + axis, axis]
    y = y.permute(blocks, blocks + 1, *order, *range(2 * blocks + 2, y.ndim))
    grown = [size * block for size, block in zip(sizes, block_shape)]
    y = y.reshape(batch // math.prod(block_shape), channels, *grown, *sizes[blocks:])
    for axis, (before, after) in enumerate(crops.tolist(), start=2):
        y = y.narrow(axis, before, y.shape[axis] - before - after)
    return y
