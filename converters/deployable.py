"""Exact rewrites of the reference for deployment, one named pass each, shared by all pipelines.

A pass changes a copy of the model in place; the network it leaves computes the same function, in fewer operations.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from reference.checkpoints import Checkpoint
from reference.layers import ConvLayer
from reference.mobilevit import MobileViTForImageClassification


class Classifier(nn.Module):
    """What an artifact computes: an image [1, 3, H, W] to class probabilities [1, num_labels]."""

    def __init__(self, network: MobileViTForImageClassification) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return torch.softmax(self.network(image).logits, dim=-1)


def deployable(checkpoint: Checkpoint, *, bake_input: bool) -> Classifier:
    """The checkpoint's network, rewritten; the checkpoint keeps its own.

    Args:
        checkpoint: the reference; left unchanged.
        bake_input: True: the result takes RGB 0..255. False: it takes what the reference takes (BGR 0..1), and the
            pipeline's own image preprocessing scales and reorders. 1/255 in fp16 weights can fall into subnormals,
            which some accelerators flush to zero, so half-precision pipelines keep it out of the weights.
    """
    network = copy.deepcopy(checkpoint.model).eval()
    fold_batch_norm(network)
    if bake_input:
        bake_input_into_stem(network, **input_transform(checkpoint))
    return Classifier(network).eval().requires_grad_(False)


def input_transform(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the reference preprocessing does to RGB bytes after the crop: `scale` and whether to flip to BGR."""
    processor = checkpoint.processor
    scale = processor.rescale_factor if processor.do_rescale else 1.0
    return {"scale": scale, "flip": processor.do_flip_channel_order}


@torch.no_grad()
def fold_batch_norm(network: nn.Module) -> None:
    """Given: convolution, then BatchNorm with fixed statistics. Result: one convolution with a bias."""
    for layer in network.modules():
        if not isinstance(layer, ConvLayer) or layer.normalization is None:
            continue
        norm, convolution = layer.normalization, layer.convolution
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        bias = 0.0 if convolution.bias is None else convolution.bias.double()
        convolution.weight.copy_(convolution.weight.double() * gain[:, None, None, None])
        convolution.bias = nn.Parameter((norm.bias.double() + (bias - norm.running_mean.double()) * gain).float())
        layer.normalization = None


@torch.no_grad()
def bake_input_into_stem(network: MobileViTForImageClassification, *, scale: float, flip: bool) -> None:
    """Given: pixels, channel flip, scale, stem convolution. Result: pixels, stem convolution."""
    weight = network.mobilevit.conv_stem.convolution.weight
    weight.copy_((weight.flip(1) if flip else weight) * scale)
