"""How far an answer may lie from the exact one: a small multiple of what the oracle itself loses in the same precision.

The oracle runs twice: in float64, which is exact for this purpose, and in the precision under test. What it loses there
depends on the network, the images and the processor, and so does what we may lose.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import PIL
import pytest
import torch

# reference.images.resize keeps the order of passes of Pillow 13 everywhere; an oracle has that of the Pillow it finds.
resizes_in_two_orders = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="NOT RUN: the oracle resizes in the order of an older Pillow"
)
# Sums of hundreds of products, in another order and with or without fused multiply-add, differ by as much as both lose.
MULTIPLE = 8
# A maximum over a few values may be small by luck. Some 250 roundings of 2**-24, one after the other, are 16 of them.
FEWEST_ROUNDINGS = 16 * 2.0**-24


def in_both_precisions(
    model: torch.nn.Module, *inputs: torch.Tensor, dtype: torch.dtype = torch.float32, **options: Any
) -> tuple[Any, Any]:
    """(exact, rounded): the model's output in float64, and in `dtype`."""
    exact, rounded = (in_precision(each, model, *inputs, **options) for each in (torch.float64, dtype))
    return exact, rounded


@torch.no_grad()
def in_precision(dtype: torch.dtype, model: torch.nn.Module, *inputs: torch.Tensor, **options: Any) -> Any:
    """The output of a copy of the model, all of which is in `dtype`."""
    return copy.deepcopy(model).to(dtype)(*(values.to(dtype) for values in inputs), **options)


def loss(rounded: Any, exact: Any) -> float:
    """Largest difference, in units of the largest exact value."""
    rounded, exact = (np.asarray(each, np.float64) for each in (rounded, exact))
    assert rounded.shape == exact.shape
    scale = np.abs(exact).max()
    assert scale > 1e-2, "a network that answers zeros proves nothing"
    return float(np.abs(rounded - exact).max() / scale)


def assert_as_exact(answer: Any, exact: Any, rounded: Any, what: str = "", *, multiple: float = MULTIPLE) -> None:
    """`answer` lies no further from `exact` than `multiple` times what `rounded`, the oracle's own, does."""
    allowed = multiple * max(loss(rounded, exact), FEWEST_ROUNDINGS)
    found = loss(answer, exact)
    assert found <= allowed, f"{what} {found:.2e}, allowed {allowed:.2e}"


def assert_as_model(answer: Any, model: torch.nn.Module, *inputs: torch.Tensor, field: str | None = "logits") -> None:
    """The same for a model's output: its `field`, or all of it where that is None."""
    exact, rounded = in_both_precisions(model, *inputs)
    if field is not None:
        exact, rounded = exact[field], rounded[field]
    assert_as_exact(answer, exact, rounded)


@torch.no_grad()
def with_rounded_weights(model: torch.nn.Module, bits: int) -> torch.nn.Module:
    """A copy in float64, each weight of which is off by what rounding to so many bits may cost it.

    At random: the bundled weights themselves are float16 already, and what files round is a product of them.
    """
    rounded, generator = copy.deepcopy(model).double(), torch.Generator().manual_seed(0)
    for parameter in rounded.parameters():
        if parameter.ndim > 1:
            off = 2 * torch.rand(parameter.shape, generator=generator, dtype=torch.float64) - 1
            parameter *= 1 + off * 2.0**-bits
    return rounded


def log_softmax(probabilities: Any) -> np.ndarray:
    """Log-probabilities [..., classes] in float64, centred: what softmax keeps of logits."""
    logits = np.log(np.asarray(probabilities, np.float64))
    return logits - logits.mean(axis=-1, keepdims=True)


def centred(logits: Any) -> np.ndarray:
    """Logits [..., classes] in float64, as `log_softmax` gives them."""
    values = np.asarray(logits, np.float64)
    return values - values.mean(axis=-1, keepdims=True)
