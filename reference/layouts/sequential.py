"""Heads of more than one layer in the place of one nn.Linear, where they still are one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import UserError

EPSILON = 1e-5  # that nn.BatchNorm1d adds to the variance; a state dict does not hold it
ADVICE = "fine-tune it with a single nn.Linear there"


def one_linear(weights: Mapping[str, Tensor], head: str, source: str) -> tuple[dict[str, Tensor], str | None]:
    """`weights` with the layers of a module at `head`, or at all of its parent, put together into one linear.

    Layers without tensors leave a gap in an nn.Sequential's numbers, and no trace beside named ones. Before the first
    layer with tensors, or beside the only one, they are taken for Dropout (or Flatten), which changes nothing; behind
    one, there may be an activation, which no key tells. BatchNorm1d and linear layers that follow each other are one
    linear layer, computed in float64.

    Args:
        source: names the checkpoint in errors.

    Returns:
        The weights, and a word on what was taken for Dropout.

    Raises:
        UserError: with the tensor's name, for what cannot be told, or is no linear layer.
    """
    key = re.compile(rf"((?:{re.escape(head)}|{re.escape(head.partition('.')[0])})\.(?P<place>.+))\.(?P<leaf>\w+)")
    layers: dict[str, dict[str, Tensor]] = {}
    rest: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        found = None if name.rpartition(".")[0] == head else key.fullmatch(name)
        if found is None:
            rest[name] = tensor
        else:
            layers.setdefault(found[1], {})[found["leaf"]] = tensor
    if not layers:
        return rest, None
    names = _in_order(list(layers), source)
    place = names[0].rpartition(".")[2]
    word = f"what stands before {names[0]} in the head has no tensors and is taken for dropout"
    note = None if place == "0" else word if place.isdecimal() else word.replace("before", "beside")
    if len(names) == 1 and layers[names[0]].get("weight", torch.zeros(0)).ndim == 2:
        return rest | {f"{head}.{leaf}": tensor for leaf, tensor in layers[names[0]].items()}, note
    weight, bias = _affine(layers[names[0]], names[0], source)
    for name in names[1:]:
        own, shift = _affine(layers[name], name, source)
        if own.shape[1] != weight.shape[0]:
            raise UserError(
                f"checkpoint {source}: tensor {name}.weight takes {own.shape[1]} values, the layer before it gives "
                f"{weight.shape[0]}: {ADVICE}"
            )
        weight, bias = own @ weight, own @ bias + shift
    return rest | {f"{head}.weight": weight.float(), f"{head}.bias": bias.float()}, note


def _in_order(names: list[str], source: str) -> list[str]:
    """The layers as they follow each other; UserError with the name of one whose place no key tells."""
    if len(names) == 1:
        return names
    unnumbered = next((name for name in names if not re.fullmatch(r"[^\d.]+(\.\D[^.]*)?\.\d+", name)), None)
    if unnumbered is not None:
        raise UserError(
            f"checkpoint {source}: {unnumbered}.weight is one of {len(names)} layers of the head, and no key tells in "
            f"which order they stand, or which activation between them: {ADVICE}"
        )
    numbers = {int(name.rpartition(".")[2]): name for name in names}
    ordered = sorted(numbers)
    for before, number in zip(ordered, ordered[1:]):
        if number != before + 1:
            raise UserError(
                f"checkpoint {source}: before {numbers[number]}.weight stands a layer without tensors, an activation "
                f"or dropout, and no key tells which: {ADVICE}"
            )
    return [numbers[number] for number in ordered]


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
