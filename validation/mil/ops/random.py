"""Random numbers: from the stated distribution, from another stream than Apple's. All from iOS15 on.

Without a seed, or with -1, each prediction draws new numbers; with another seed they are the same each time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import Arithmetic, Ints, op


@op("random_bernoulli", foldable=False)
def random_bernoulli(shape: Ints, arithmetic: Arithmetic, prob: float = 0.5, seed: int = -1) -> Tensor:
    """1 with probability `prob`, else 0."""
    return torch.bernoulli(torch.full(shape, prob), generator=_generator(arithmetic, seed))


@op("random_normal", foldable=False)
def random_normal(
    shape: Ints, arithmetic: Arithmetic, mean: float = 0.0, stddev: float = 1.0, seed: int = -1
) -> Tensor:
    """From the normal distribution."""
    return torch.randn(shape, generator=_generator(arithmetic, seed)) * stddev + mean


@op("random_uniform", foldable=False)
def random_uniform(shape: Ints, arithmetic: Arithmetic, low: float = 0.0, high: float = 1.0, seed: int = -1) -> Tensor:
    """Evenly from low to high."""
    return torch.rand(shape, generator=_generator(arithmetic, seed)) * (high - low) + low


@op("random_categorical", foldable=False)
def random_categorical(
    x: Tensor, arithmetic: Arithmetic, mode: str = "logits", size: int = 1, seed: int = -1
) -> Tensor:
    """Categories drawn by the logits, or the probabilities, along the last axis of x: [..., size], as floats."""
    weights = torch.softmax(x, -1) if mode == "logits" else x
    drawn = torch.multinomial(weights.reshape(-1, x.shape[-1]), size, True, generator=_generator(arithmetic, seed))
    return drawn.reshape(*x.shape[:-1], size).float()


def _generator(arithmetic: Arithmetic, seed: int) -> torch.Generator:
    return arithmetic.generator if seed == -1 else torch.Generator().manual_seed(seed)
