"""Heads of more than one layer, an nn.Sequential in the place of one nn.Linear, where they still are one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import UserError

EPSILON = 1e-5  # that nn.BatchNorm1d adds to the variance; a state dict does not hold it
ADVICE = "fine-tune it with a single nn.Linear there"


def one_linear(weights: Mapping[str, Tensor], head: str, source: str) -> dict[str, Tensor]:
    """`weights` with the layers of an nn.Sequential at `head`, or at all of its parent, put together into one linear.

    Layers without tensors leave a gap in the numbers. Before the first layer with some it is taken for Dropout (or
    Flatten), which changes nothing; behind one, it may be an activation, which no key tells. BatchNorm1d and linear
    layers that follow each other are one linear layer, computed in float64.

    Args:
        source: names the checkpoint in errors.

    Raises:
        UserError: with the tensor's name, for what cannot be told, or is no linear layer.
    """
    key = re.compile(rf"((?:{re.escape(head)}|{re.escape(head.partition('.')[0])})\.(\d+))\.(\w+)")
    layers: dict[int, dict[str, Tensor]] = {}
    names: dict[int, str] = {}
    for name, tensor in weights.items():
        if found := key.fullmatch(name):
            names[int(found[2])] = found[1]
            layers.setdefault(int(found[2]), {})[found[3]] = tensor
    if not layers:
        return dict(weights)
    first, numbers = min(layers), sorted(layers)
    for number in numbers:
        if number - first >= len(layers) or numbers[number - first] != number:
            raise UserError(
                f"checkpoint {source}: before {names[number]}.weight stands a layer without tensors, an activation or "
                f"dropout, and no key tells which: {ADVICE}"
            )
    rest = {name: tensor for name, tensor in weights.items() if not key.fullmatch(name)}
    if len(numbers) == 1 and layers[first].get("weight", torch.zeros(0)).ndim == 2:
        return rest | {f"{head}.{leaf}": tensor for leaf, tensor in layers[first].items()}
    weight, bias = _affine(layers[first], names[first], source)
    for number in numbers[1:]:
        own, shift = _affine(layers[number], names[number], source)
        if own.shape[1] != weight.shape[0]:
            raise UserError(
                f"checkpoint {source}: tensor {names[number]}.weight takes {own.shape[1]} values, the layer before "
                f"it gives {weight.shape[0]}: {ADVICE}"
            )
        weight, bias = own @ weight, own @ bias + shift
    return rest | {f"{head}.weight": weight.float(), f"{head}.bias": bias.float()}


def _affine(layer: Mapping[str, Tensor], name: str, source: str) -> tuple[Tensor, Tensor]:
    """A layer's matrix [out, in] and its bias [out], float64."""
    if "weight" in layer and layer["weight"].ndim == 2 and layer.keys() <= {"weight", "bias"}:
        weight = layer["weight"].double()
        return weight, layer["bias"].double() if "bias" in layer else weight.new_zeros(len(weight))
    if {"weight", "bias", "running_mean", "running_var"} <= layer.keys():
        scale = layer["weight"].double() / (layer["running_var"].double() + EPSILON).sqrt()
        return torch.diag(scale), layer["bias"].double() - layer["running_mean"].double() * scale
    tensor = next(iter(layer))
    raise UserError(
        f"checkpoint {source}: tensor {name}.{tensor} of shape {list(layer[tensor].shape)} is of no linear layer, such "
        f"as a LayerNorm, which this kit's head does not have: {ADVICE}"
    )
