"""Fewer bits, as operations of Core AI: weights that it stores small and widens as it runs, activations of 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from coreai_torch._compression import custom_layers  # registers its operators; there is no public way to ask for them
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.fx import Node

from ..choice import Chosen, Palette, multiples, palette
from ..measure import Range
from ..steps import CONVOLUTION, Change
from .options import Compression


def choose(compression: Compression, weight: np.ndarray) -> Chosen:
    """What becomes of a weight (float32, output channels first)."""
    return multiples(weight) if compression.palette is None else palette(weight, compression.palette)


def taken(program: ExportedProgram, chosen: Mapping[str, Chosen]) -> dict[str, Node]:
    """Of each chosen weight, what the layer that has it takes."""
    calls = [node for node in program.module().graph.nodes if node.target is CONVOLUTION]
    return {name: node.args[0] for node in calls if (name := str(node.args[1].target)) in chosen}


def rounding(ranges: Mapping[str, Range], taken: Mapping[str, Node]) -> Change:
    """What 8-bit activations do to a node's result.

    Where an addition reads it too, the program spares it there: a shift in the mean of a layer does not hang on that.
    """
    names = {node.name for node in taken.values()}
    return lambda node, value: ranges[node.name].rounded(value) if node.name in names else value


def store(
    network: nn.Module, chosen: Mapping[str, Chosen], ranges: Mapping[str, Range], dtype: torch.dtype
) -> nn.ModuleList:
    """Put modules that hold small weights in the place of `network`'s, in place.

    Args:
        chosen: by the names of parameters in `network`.
        ranges: of what the layers with those weights take, by the same names, where that has 8 bits too.
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
        scale = torch.tensor(ranges[name].scale, dtype=dtype) if name in ranges else None
        setattr(owner, leaf, _Compressed(getattr(owner, leaf), held[-1], scale))
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
    """A convolution or linear layer whose weight is a module's answer; scale: of what it takes, in 8 bits."""

    def __init__(self, layer: Any, weight: nn.Module, scale: Tensor | None) -> None:
        super().__init__()
        self.layer, self.stored = layer, [weight]  # in a list, it is no part of this module
        self.round: nn.Module = nn.Identity()
        if scale is not None and scale > 0:
            small = custom_layers.ActivationQuantizeModule(scale, torch.int8)
            wide = custom_layers.ActivationDequantizeModule(scale, input_dtype=torch.int8, output_dtype=scale.dtype)
            self.round = nn.Sequential(small, wide)

    def forward(self, features: Tensor) -> Tensor:
        features = self.round(features)
        return torch.func.functional_call(self.layer, {"weight": self.stored[0]()}, (features,))
