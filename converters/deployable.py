"""From the reference to what artifacts compute, shared by all pipelines: the passes, the input, the task's answer."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.checkpoints import Checkpoint
from reference.manifest import ColorOrder
from reference.pretrained import PreTrainedModel

from .passes import rewrite


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


def deployable(checkpoint: Checkpoint, *, passes: Collection[str], bake_input: bool) -> Deployable:
    """The checkpoint's network, rewritten; the checkpoint keeps its own.

    Args:
        checkpoint: the reference; left unchanged.
        passes: names in PASSES; each pipeline has its own choice.
        bake_input: True: the result takes RGB 0..255. False: it takes what the reference takes (BGR 0..1), and the
            pipeline's own image preprocessing scales and reorders. Core ML computes in fp16, where weights times 1/255
            fall into subnormals, which the Neural Engine may flush to zero: it must not bake. TFLite's CPU kernels
            widen fp16 weights to fp32 before use, subnormals included: baking costs them nothing. For what GPUs may
            lose, see the README.
    """
    network = copy.deepcopy(checkpoint.model).eval()
    rewrite(network, passes)
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
def bake_input_into_stem(network: PreTrainedModel, transform: InputTransform) -> None:
    """Given: pixels, channel flip, scale, stem convolution. Result: pixels, stem convolution."""
    weight = network.backbone.conv_stem.convolution.weight
    weight.copy_((weight.flip(1) if transform.color_order == "BGR" else weight) * transform.scale)
