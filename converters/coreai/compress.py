"""Weights in fewer bits, as operations that Core AI stores small and widens as it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from coreai_torch._compression import custom_layers  # registers its operators; there is no public way to ask for them
from torch import Tensor, nn

from ..choice import Chosen, Palette, multiples, palette
from .options import Compression


def choose(compression: Compression, weight: np.ndarray) -> Chosen:
    """What becomes of a weight (float32, output channels first)."""
    return multiples(weight) if compression.palette is None else palette(weight, compression.palette)


def store(network: nn.Module, chosen: Mapping[str, Chosen], dtype: torch.dtype) -> nn.ModuleList:
    """Put modules that hold small weights in the place of `network`'s, in place.

    Args:
        chosen: by the names of parameters in `network`.
        dtype: of tables and scales, and of what the weights become.

    Returns:
        What holds them, to be a part of the model that is exported: coreai-torch tells indices from tables by "lut" in
        their names, which "convolution" has too, so they must not be called after the layers.
    """
    held = nn.ModuleList()
    for name, each in chosen.items():
        parent, _, leaf = name.removesuffix(".weight").rpartition(".")
        owner: Any = network.get_submodule(parent)
        held.append(_stored(each, dtype))
        setattr(owner, leaf, _Compressed(getattr(owner, leaf), held[-1]))
    return held


def _stored(chosen: Chosen, dtype: torch.dtype) -> nn.Module:
    if isinstance(chosen, Palette):
        rank = chosen.indices.ndim
        table = torch.from_numpy(chosen.table).to(dtype).reshape([1] * rank + [-1, 1])
        return custom_layers.PalettizeModule(torch.from_numpy(chosen.indices), table)
    scales = torch.from_numpy(chosen.scales).to(dtype)
    return custom_layers.WeightDequantizeModule(
        torch.from_numpy(chosen.multiples), scales, input_dtype=torch.int8, output_dtype=dtype
    )


class _Compressed(nn.Module):
    """A convolution or linear layer whose weight is a module's answer."""

    def __init__(self, layer: Any, weight: nn.Module) -> None:
        super().__init__()
        self.layer, self.stored = layer, [weight]  # in a list, it is no part of this module

    def forward(self, features: Tensor) -> Tensor:
        return torch.func.functional_call(self.layer, {"weight": self.stored[0]()}, (features,))
