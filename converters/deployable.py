"""Exact rewrites of the reference for deployment, one named pass each, shared by all pipelines.

A pass changes a copy of the model in place; the network it leaves computes the same function, in fewer operations.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.checkpoints import Checkpoint
from reference.layers import ConvLayer
from reference.manifest import ColorOrder
from reference.pretrained import PreTrainedModel


class Deployable(nn.Module):
    """What an artifact computes from an image [1, 3, H, W]; one subclass for each task."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network


class Classifier(Deployable):
    """Class probabilities [1, num_labels]."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.softmax(self.network(image).logits, dim=-1)


class Segmenter(Deployable):
    """The class of each pixel [1, H, W], int32; logits are resized before the choice, as in the reference."""

    def forward(self, image: Tensor) -> Tensor:
        logits = self.network(image).logits
        resized = functional.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
        return resized.argmax(dim=1).to(torch.int32)


class FeatureExtractor(Deployable):
    """The mean of the last feature map [1, C]."""

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image).pooler_output


DEPLOYABLES: dict[str, type[Deployable]] = {
    "classification": Classifier,
    "segmentation": Segmenter,
    "features": FeatureExtractor,
}


def deployable(checkpoint: Checkpoint, *, bake_input: bool) -> Deployable:
    """The checkpoint's network, rewritten; the checkpoint keeps its own.

    Args:
        checkpoint: the reference; left unchanged.
        bake_input: True: the result takes RGB 0..255. False: it takes what the reference takes (BGR 0..1), and the
            pipeline's own image preprocessing scales and reorders. Core ML computes in fp16, where weights times 1/255
            fall into subnormals, which the Neural Engine may flush to zero: it must not bake. TFLite's CPU kernels
            widen fp16 weights to fp32 before use, subnormals included: baking costs them nothing. For what GPUs may
            lose, see the README.
    """
    network = copy.deepcopy(checkpoint.model).eval()
    fold_batch_norm(network)
    if bake_input:
        bake_input_into_stem(network, input_transform(checkpoint))
    return DEPLOYABLES[checkpoint.task](network).eval().requires_grad_(False)


@dataclass(frozen=True)
class InputTransform:
    """The second half of the preprocessing, from RGB bytes to the network's input: reorder channels, then scale."""

    color_order: ColorOrder
    scale: float


def input_transform(checkpoint: Checkpoint) -> InputTransform:
    """What the checkpoint's own preprocessing does after the crop."""
    processor = checkpoint.processor
    return InputTransform(
        color_order="BGR" if processor.do_flip_channel_order else "RGB",
        scale=processor.rescale_factor if processor.do_rescale else 1.0,
    )


@torch.no_grad()
def fold_batch_norm(network: nn.Module) -> None:
    """Given: convolution, then BatchNorm with fixed statistics. Result: one convolution with a bias."""
    for layer in network.modules():
        if not isinstance(layer, ConvLayer) or layer.normalization is None:
            continue
        norm, convolution = layer.normalization, layer.convolution
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        bias = 0.0 if convolution.bias is None else convolution.bias.double()
        convolution.weight.copy_(convolution.weight.double() * gain[:, None, None, None])
        convolution.bias = nn.Parameter((norm.bias.double() + (bias - norm.running_mean.double()) * gain).float())
        layer.normalization = None


@torch.no_grad()
def bake_input_into_stem(network: PreTrainedModel, transform: InputTransform) -> None:
    """Given: pixels, channel flip, scale, stem convolution. Result: pixels, stem convolution."""
    weight = network.backbone.conv_stem.convolution.weight
    weight.copy_((weight.flip(1) if transform.color_order == "BGR" else weight) * transform.scale)
