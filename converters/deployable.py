"""From the reference to what artifacts compute, shared by all pipelines: the passes, the input, the task's answer."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.answers import meaning_of
from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.pretrained import PreTrainedModel
from reference.tensor_specs import Meaning

from . import anatomy
from .passes import rewrite
from .preprocessing import InputTransform, input_transform

Output = Literal["answer", "logits"]


class Deployable(nn.Module):
    """What an artifact computes from images [B, C, H, W]; one subclass for each kind of answer.

    meanings: of the results, in their order; see OutputSpec. takes_pixels: whether images are RGB 0..255. scale: what
    all their values are multiplied by first; shift: what is added then, for each channel.
    """

    meanings: tuple[Meaning, ...]
    takes_pixels = False
    scale: float | None = None
    shift: Tensor | None

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("shift", None)

    def read(self, image: Tensor) -> Any:
        """What the network makes of images, first scaled and shifted."""
        image = image if self.scale is None else image * self.scale
        return self.network(image if self.shift is None else image + self.shift)

    def answers(self, image: Tensor) -> tuple[Tensor, ...]:
        """The results for images, as a tuple even where there is one."""
        answer = self(image)
        return answer if isinstance(answer, tuple) else (answer,)


class Classifier(Deployable):
    """[B, num_labels]: probabilities, scores, values or logits; values and logits are the network's as they are."""

    def __init__(self, network: PreTrainedModel, meaning: Meaning) -> None:
        super().__init__(network)
        self.meanings = (meaning,)

    def forward(self, image: Tensor) -> Tensor:
        logits = self.read(image).logits
        if self.meanings == ("probabilities",):
            return torch.softmax(logits, dim=-1)
        return torch.sigmoid(logits) if self.meanings == ("scores",) else logits


class ClassMapSegmenter(Deployable):
    """The class of each pixel [B, H, W], int32; logits are resized before the choice, as in the reference."""

    meanings = ("class_map",)

    def forward(self, image: Tensor) -> Tensor:
        logits = self.read(image).logits
        stride = self.network.config.output_stride
        # The factor is known even where the size is left open.
        whole = tuple(image.shape[-2:]) == (logits.shape[-2] * stride, logits.shape[-1] * stride)
        to: dict[str, Any] = {"scale_factor": float(stride)} if whole else {"size": image.shape[-2:]}
        resized = functional.interpolate(logits, mode="bilinear", align_corners=False, **to)
        classes = resized.argmax(dim=1) if resized.shape[1] > 1 else (resized > 0).squeeze(1)
        return classes.to(torch.int32)


class LogitsSegmenter(Deployable):
    """Logits [B, num_labels, h, w] as the network gives them, at its output stride."""

    meanings = ("logits",)

    def forward(self, image: Tensor) -> Tensor:
        return self.read(image).logits


class FeatureExtractor(Deployable):
    """The mean of the last feature map [B, C], and the map [B, C, h, w]."""

    meanings = ("features", "feature_map")

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        output = self.read(image)
        return output.pooler_output, output.last_hidden_state


def _answering(checkpoint: Checkpoint, network: PreTrainedModel, output: Output) -> Deployable:
    """`network` with the last step of the checkpoint's task."""
    meaning = meaning_of(checkpoint)
    if checkpoint.task == "segmentation":
        return (ClassMapSegmenter if output == "answer" else LogitsSegmenter)(network)
    if checkpoint.task == "features":
        return FeatureExtractor(network)
    if output == "logits" and meaning == "values":
        raise UserError(f"checkpoint {checkpoint.id} is a regression, whose values are its logits: leave --output out")
    return Classifier(network, meaning if output == "answer" else "logits")


def deployable(
    checkpoint: Checkpoint,
    *,
    passes: Collection[str],
    bake_input: bool,
    scale_first: bool = False,
    output: Output = "answer",
) -> Deployable:
    """The checkpoint's network, rewritten; the checkpoint keeps its own.

    Args:
        checkpoint: the reference; left unchanged.
        passes: names in PASSES; each pipeline has its own choice.
        bake_input: True: the result takes RGB or grey 0..255. False: it takes what the reference takes (for example BGR
            0..1), but for one scale of all channels, and the pipeline's own image preprocessing scales, shifts and
            reorders. Core ML computes in fp16, where weights times 1/255 fall into subnormals, which the Neural Engine
            may flush to zero: it must not bake all of it. TFLite's CPU kernels widen fp16 weights to fp32 before use,
            subnormals included: baking costs them nothing. Of a GPU that flushes them a test tells the loss.
        scale_first: of what is baked, whether that one scale is an operation of its own, and in no weight.
        output: what the task asks for, or the network's logits.
    """
    network = copy.deepcopy(checkpoint.model).eval()
    rewrite(network, passes)
    transform = input_transform(checkpoint)
    answering = _answering(checkpoint, network, output)
    if bake_input:
        answering.takes_pixels = True
        answering.scale = transform.even_scale if scale_first else None
        answering.shift = bake_input_into_stem(network, transform, scaled=scale_first)
    else:
        scale_stem(network, transform.unevenness)
    return answering.eval().requires_grad_(False)


@torch.no_grad()
def bake_input_into_stem(network: PreTrainedModel, transform: InputTransform, *, scaled: bool = False) -> Tensor | None:
    """Given: pixels, channel flip, scale, offset, stem convolution. Result: pixels, a sum, stem convolution.

    The offset cannot go into the convolution's bias: around the image, the convolution pads zeros after the offset.
    Moving the pixels by offset / scale first leaves zero where it was.

    Args:
        scaled: whether the pixels have been multiplied by the even scale already.

    Returns:
        What to add to the pixels, [1, C, 1, 1], red first; None where the offset is zero.
    """
    factors = transform.unevenness if scaled else transform.scale
    scale_stem(network, factors)
    shift = torch.tensor([offset / factor for offset, factor in zip(transform.offset, factors)])
    if transform.color_order == "BGR":
        weight = anatomy.stem(network).convolution.weight
        weight.copy_(weight.flip(1))
        shift = shift.flip(0)
    return shift.reshape(1, -1, 1, 1) if shift.any() else None


@torch.no_grad()
def scale_stem(network: PreTrainedModel, scale: Sequence[float]) -> None:
    """Given: a factor for each channel, stem convolution. Result: stem convolution."""
    if any(factor != 1 for factor in scale):
        anatomy.stem(network).convolution.weight.mul_(torch.tensor(scale).reshape(1, -1, 1, 1))
