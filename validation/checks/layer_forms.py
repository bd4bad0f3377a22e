"""The checkpoint's weights as files may hold them: after the exact rewrites that converters make, or before.

Which of them a converter made is not known here, so that each layer has several forms, one of which is to be in its
file. All in float64. Nothing is shared with the converters: what both got wrong would not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reference.checkpoints import Checkpoint
from reference.heads import ASPP
from reference.layers import ConvLayer, InvertedResidual, MobileViTLayer
from reference.transformer import TransformerLayer


@dataclass(frozen=True)
class Part:
    """A layer's weights or biases: the reference's name, and forms of them, float64; each form may be in pieces."""

    name: str
    forms: list[tuple[np.ndarray, ...]]


@torch.no_grad()
def parts(checkpoint: Checkpoint, scale: Sequence[float]) -> list[Part]:
    """All layers of the network; scale: of each channel of the input, which the first convolution may hold."""
    modules = dict(checkpoint.model.named_modules())
    found: list[Part] = []
    for name, module in modules.items():
        if isinstance(module, ConvLayer):
            found += _of_convolution(name, module, modules.get(name.rpartition(".")[0]), torch.tensor(scale).double())
        elif isinstance(module, TransformerLayer):
            found += _of_transformer(name, module)
        elif name == "classifier" and isinstance(module, nn.Linear):
            found += _layer(name, [module.weight.double()], [module.bias.double()])
    return found


def _layer(name: str, weights: Sequence[Tensor | tuple[Tensor, ...]], biases: Sequence[Tensor] = ()) -> Iterator[Part]:
    missing = any(not form.any() for form in biases)  # a bias of zeros need not be in the file
    for kind, forms in (("weight", weights), ("bias", () if missing else biases)):
        pieces = [form if isinstance(form, tuple) else (form,) for form in forms]
        if pieces:
            yield Part(f"{name}.{kind}", [tuple(each.numpy() for each in form) for form in pieces])


def _of_convolution(name: str, layer: ConvLayer, parent: nn.Module | None, scale: Tensor) -> Iterator[Part]:
    weight, bias = _folded(layer)
    weights: list[Any] = [weight]
    biases = [bias]
    if name.endswith("conv_stem"):
        # Of several scales, what they have in common can be an operation of its own.
        weights = [weight * each[:, None, None] for each in (torch.ones_like(scale), scale, scale / scale.mean())]
        weights += [weight * (scale / each)[:, None, None] for each in scale]
        weights += [each.flip(1) for each in weights]
    elif isinstance(parent, MobileViTLayer) and layer is parent.conv_1x1:
        weights, biases = [weight, _centred(weight)], [bias, _centred(bias)]
    elif isinstance(parent, MobileViTLayer) and layer is parent.conv_projection:
        gain, shift = parent.layernorm.weight.double(), parent.layernorm.bias.double()
        weights.append(weight * gain[:, None, None])
        biases.append(bias + weight[:, :, 0, 0] @ shift)
    elif isinstance(parent, ASPP) and layer is parent.project:  # the image's mean may have a convolution of its own
        weights.append(tuple(weight.split([weight.shape[1] - len(weight), len(weight)], dim=1)))
    elif isinstance(parent, InvertedResidual):
        before = {id(parent.conv_3x3): parent.expand_1x1, id(parent.reduce_1x1): parent.conv_3x3}.get(id(layer))
        if before is not None:
            depthwise = layer.convolution.groups > 1
            weights.append(weight / _evening(before).reshape((-1, 1, 1, 1) if depthwise else (-1, 1, 1)))
    yield from _layer(name, weights, biases)


def _folded(layer: ConvLayer) -> tuple[Tensor, Tensor]:
    """Weight and bias with BatchNorm in them."""
    weight, norm = layer.convolution.weight.double(), layer.normalization
    bias = weight.new_zeros(len(weight)) if layer.convolution.bias is None else layer.convolution.bias.double()
    if norm is None:
        return weight, bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return weight * gain[:, None, None, None], (bias - norm.running_mean.double()) * gain + norm.bias.double()


def _evening(layer: ConvLayer) -> Tensor:
    """What integer files multiply a layer's channels by, before SiLU, so that all reach as far: by BatchNorm, four
    standard deviations from the mean. SiLU's own dip is the least."""
    norm = layer.normalization
    if norm is None:
        return torch.ones(layer.convolution.out_channels, dtype=torch.float64)
    ends = (norm.bias.double() + 4 * norm.weight.double().abs()).clamp(min=0.3)
    return ends.median() / ends


def _centred(values: Tensor) -> Tensor:
    """What the channels of a residual stream have in common is nothing to the norms that read it."""
    return values - values.mean(dim=0, keepdim=True)


def _of_transformer(name: str, layer: Any) -> Iterator[Part]:
    attention, projection = layer.attention.attention, layer.attention.output.dense
    gain, shift = layer.layernorm_before.weight.double(), layer.layernorm_before.bias.double()
    for key in ("query", "key", "value"):
        linear, scales = getattr(attention, key), (1.0, attention.scale) if key == "query" else (1.0,)
        weight = linear.weight.double()
        bias = weight.new_zeros(len(weight)) if linear.bias is None else linear.bias.double()
        biases = [bias, bias + weight @ shift]
        weights = [each * by for each in (weight, weight * gain) for by in scales]
        # Softmax does not see the key's bias, which may be gone.
        queries = [each * by for each in biases for by in scales] if key == "query" else []
        yield from _layer(f"{name}.attention.attention.{key}", weights, queries)
    # The values' bias adds the same to each token, and may have gone to the projection.
    shifts = {"attention.output.dense": biases, "output.dense": []}
    for key, linear in {"attention.output.dense": projection, "output.dense": layer.output.dense}.items():
        weight = linear.weight.double()
        biases = [linear.bias.double(), *(linear.bias.double() + weight @ each for each in shifts[key])]
        yield from _layer(f"{name}.{key}", [weight, _centred(weight)], [*biases, *map(_centred, biases)])
    linear, norm = layer.intermediate.dense, layer.layernorm_after
    weight, bias = linear.weight.double(), linear.bias.double()
    folded = bias + weight @ norm.bias.double()
    yield from _layer(f"{name}.intermediate.dense", [weight, weight * norm.weight.double()], [bias, folded])
