"""Heads of more than one layer in the place of one nn.Linear: linear layers, and LayerNorms between them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ..errors import UserError

EPSILON = 1e-5  # that nn.BatchNorm1d adds to the variance; a state dict does not hold it
ADVICE = "fine-tune it with a single nn.Linear there"

Tensors = Mapping[str, Tensor]  # of one layer, by what its state dict calls them


def head_layers(
    weights: Mapping[str, Tensor], head: str, source: str
) -> tuple[dict[str, Tensor], list[Tensors], list[str]]:
    """`weights` with one linear layer at `head` for the last layer of a module there, or at all of its parent.

    Layers without tensors leave a gap in an nn.Sequential's numbers, and no trace beside named ones. Before the first
    layer with tensors, or beside the only one, they are taken for Dropout (or Flatten), which changes nothing; behind
    one, there may be an activation, which no key tells. BatchNorm1d and linear layers that follow each other are one
    linear layer, computed in float64. A gain and a bias alone are a LayerNorm's.

    Args:
        source: names the checkpoint in errors.

    Returns:
        The weights; the layers before, in their order, LayerNorms with linear layers between them; and a line on
        whatever was taken for something.

    Raises:
        UserError: with the tensor's name, for what cannot be told, or is none of these.
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
        return rest, [], []
    names = _in_order(list(layers), source)
    notes = [_without_tensors(names)]
    made: list[tuple[Tensors, bool]] = []  # a layer, and whether it is a LayerNorm
    for name in names:
        layer: Tensors = layers[name]
        norm = layer.keys() == {"weight", "bias"} and layer["weight"].ndim == 1
        if norm:
            notes.append(f"{name} in the head is taken for a LayerNorm with PyTorch's epsilon")
        else:
            layer = _affine(layer, name, source)
        if made:
            before, after_norm = made[-1]
            if layer["weight"].shape[-1] != len(before["weight"]):
                raise UserError(
                    f"checkpoint {source}: tensor {name}.weight takes {layer['weight'].shape[-1]} values, the layer "
                    f"before it gives {len(before['weight'])}: {ADVICE}"
                )
            if not norm and not after_norm:
                made.pop()
                layer = _together(before, layer)
        made.append((layer, norm))
    if made[-1][0]["weight"].ndim != 2:
        raise UserError(f"checkpoint {source}: its head ends in {names[-1]}, which is no linear layer: {ADVICE}")
    if any(layer["weight"].ndim == 1 and not norm for layer, norm in made):
        raise UserError(f"checkpoint {source}: no linear layer of its head stands beside a BatchNorm1d: {ADVICE}")
    last = {f"{head}.{leaf}": tensor for leaf, tensor in made.pop()[0].items()}
    return rest | last, [layer for layer, _ in made], [note for note in notes if note]


def numbered(weights: Mapping[str, Tensor], head: str, before: list[Tensors]) -> dict[str, Tensor]:
    """`weights` with these layers before the linear one at `head`, all under their numbers in an nn.Sequential."""
    if not before:
        return dict(weights)
    first = {f"{head}.{number}.{leaf}": each for number, layer in enumerate(before) for leaf, each in layer.items()}
    last = re.compile(rf"^{re.escape(head)}(?=\.)")
    return {last.sub(f"{head}.{len(before)}", name): tensor for name, tensor in weights.items()} | first


def _without_tensors(names: list[str]) -> str:
    """What is taken for granted of the layers that left no key; "" where there are none."""
    place = names[0].rpartition(".")[2]
    if place == "0":
        behind = len(names) == 1  # or why is it in an nn.Sequential?
        return f"what stands behind {names[0]} in the head has no tensors and is left out" if behind else ""
    where = "before" if place.isdecimal() else "beside"
    return f"what stands {where} {names[0]} in the head has no tensors and is taken for dropout"


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


def _affine(layer: Tensors, name: str, source: str) -> Tensors:
    """A linear layer's matrix [out, in], or a BatchNorm's gain [C], and its bias."""
    if "weight" in layer and layer["weight"].ndim == 2 and layer.keys() <= {"weight", "bias"}:
        return {"bias": layer["weight"].new_zeros(len(layer["weight"])), **layer}
    if {"weight", "bias", "running_mean", "running_var"} <= layer.keys():
        gain = layer["weight"].double() / (layer["running_var"].double() + EPSILON).sqrt()
        return {"weight": gain, "bias": layer["bias"].double() - layer["running_mean"].double() * gain}
    tensor = next(iter(layer))
    raise UserError(
        f"checkpoint {source}: tensor {name}.{tensor} of shape {list(layer[tensor].shape)} is of no linear layer, "
        f"BatchNorm1d or LayerNorm, which are all that this kit's head may have: {ADVICE}"
    )


def _together(first: Tensors, second: Tensors) -> Tensors:
    """Two of these as one, float64."""
    (inner, shift), (outer, bias) = ([each[leaf].double() for leaf in ("weight", "bias")] for each in (first, second))
    if outer.ndim == 2:
        return {"weight": outer @ inner if inner.ndim == 2 else outer * inner, "bias": outer @ shift + bias}
    return {"weight": (outer[:, None] if inner.ndim == 2 else outer) * inner, "bias": outer * shift + bias}
