"""The MobileViT backbone, with Hugging Face's names and parameters."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .config import MobileViTConfig
from .layers import ConvLayer, MobileNetLayer, MobileViTLayer
from .outputs import BackboneOutput
from .pretrained import PreTrainedModel


class Encoder(nn.Module):
    """Two MobileNet stages, then three MobileViT stages; [B, C, H, W] each."""

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__()
        neck, hidden = config.neck_hidden_sizes, config.hidden_sizes
        # Below output stride 32 (segmentation) the last stages dilate instead of striding.
        dilation_4 = 2 if config.output_stride == 8 else 1
        dilation_5 = dilation_4 * (2 if config.output_stride <= 16 else 1)
        self.layer = nn.ModuleList(
            [
                MobileNetLayer(config, neck[0], neck[1], stride=1, num_stages=1),
                MobileNetLayer(config, neck[1], neck[2], stride=2, num_stages=3),
                MobileViTLayer(config, neck[2], neck[3], hidden[0], num_stages=2),
                MobileViTLayer(config, neck[3], neck[4], hidden[1], num_stages=4, dilation=dilation_4),
                MobileViTLayer(config, neck[4], neck[5], hidden[2], num_stages=3, dilation=dilation_5),
            ]
        )

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """The outputs of all five stages."""
        stages = []
        for stage in self.layer:
            features = stage(features)
            stages.append(features)
        return tuple(stages)


class MobileViTModel(PreTrainedModel):
    """The backbone.

    Args:
        config: the architecture.
        expand_output: whether to end with the 1x1 convolution to `neck_hidden_sizes[6]` channels and pool.
    """

    own_arguments = ("expand_output",)

    def __init__(self, config: MobileViTConfig, expand_output: bool = True) -> None:
        super().__init__(config)
        self.expand_output = expand_output
        neck = config.neck_hidden_sizes
        self.conv_stem = ConvLayer(config, config.num_channels, neck[0], 3, stride=2)
        self.encoder = Encoder(config)
        if expand_output:
            self.conv_1x1_exp = ConvLayer(config, neck[5], neck[6], 1)
        self._initialise()

    def forward(
        self, pixel_values: Tensor, output_hidden_states: bool | None = None, return_dict: bool | None = None
    ) -> Any:
        """The last feature map, its mean, and the stages' outputs where asked for: BackboneOutput or its tuple.

        Args:
            pixel_values: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them.
            output_hidden_states, return_dict: None: as the configuration says.
        """
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states
        stages = self.encoder(self.conv_stem(pixel_values))
        last, pooled = stages[-1], None
        if self.expand_output:
            last = self.conv_1x1_exp(last)
            pooled = torch.mean(last, dim=[-2, -1])
        return self._shaped(BackboneOutput(last, pooled, stages if output_hidden_states else None), return_dict)
