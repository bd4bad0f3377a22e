"""The whole network as Core AI runs it: from the crop's bytes to float32 answers, in float16 or float32 between."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .. import anatomy
from ..channels_first import ChannelsFirstClassifier
from ..deployable import Deployable
from ..preprocessing import InputTransform
from .operations import FORM


class Whole(nn.Module):
    """uint8 RGB or grey [B, C, H, W] -> the task's answers.

    Scaling pixels here, and not in the stem's weights, keeps those out of float16's subnormals. A class is chosen among
    float32 logits: among float16 ones devices have been seen to choose wrongly.
    """

    offset: Tensor | None

    def __init__(self, network: Deployable, transform: InputTransform, dtype: torch.dtype) -> None:
        super().__init__()
        self.network, self.dtype, self.scale = network.to(dtype), dtype, transform.even_scale
        offset = torch.tensor(transform.even_offset, dtype=dtype).reshape(1, -1, 1, 1)
        self.register_buffer("offset", offset if offset.any() else None)
        self.flips = transform.color_order == "BGR"
        if network.meanings == ("class_map",):
            network.network.register_forward_hook(_widen)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        image = pixels.to(self.dtype) * self.scale
        if self.flips:
            image = torch.cat([image[:, 2:], image[:, 1:2], image[:, :1]], dim=1)
        if self.offset is not None:
            image = image + self.offset
        answers = self.network.answers(image)
        return tuple(each.float() if each.is_floating_point() else each for each in answers)


def make_classifier_pointwise(network: nn.Module) -> None:
    """Make a 1x1 convolution of the linear layer that `network` may have for a classifier, in place.

    So linear layers are elsewhere: its weight needs no transpose.
    """
    layer = getattr(network, anatomy.CLASSIFIER, None)
    if isinstance(layer, nn.Linear):
        setattr(network, anatomy.CLASSIFIER, ChannelsFirstClassifier([layer], FORM))


def _widen(network: nn.Module, given: Any, output: Any) -> Any:
    output.logits = output.logits.float()
    return output
