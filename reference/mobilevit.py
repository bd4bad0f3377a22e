"""The MobileViT backbone and its classification head, with Hugging Face's names and parameters."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from .config import MobileViTConfig
from .layers import ConvLayer, MobileNetLayer, MobileViTLayer


@dataclass
class ModelOutput:
    """Base of the named outputs: fields that are None are left out of the tuple form."""

    def to_tuple(self) -> tuple[Any, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if value is not None)

    def __getitem__(self, index: int | slice) -> Any:
        return self.to_tuple()[index]


@dataclass
class BackboneOutput(ModelOutput):
    """Output of MobileViTModel.

    last_hidden_state: [B, C, H, W]; pooler_output: [B, C], its mean over H and W, None without the last expansion;
    hidden_states: the five encoder stages' outputs, None unless asked for.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


@dataclass
class ClassifierOutput(ModelOutput):
    """Output of MobileViTForImageClassification: logits [B, num_labels] before softmax; hidden_states as above."""

    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None = None


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


class PreTrainedModel(nn.Module):
    """What the MobileViT models share: their configuration and initialisation."""

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__()
        self.config = config

    def _initialise(self) -> None:
        """Draw weights as the original does: normal with `initializer_range`, biases zero, LayerNorm at identity."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                nn.init.normal_(module.weight, std=self.config.initializer_range)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


class MobileViTModel(PreTrainedModel):
    """The backbone.

    Args:
        config: the architecture.
        expand_output: whether to end with the 1x1 convolution to `neck_hidden_sizes[6]` channels and pool.
    """

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
        self, pixel_values: Tensor, output_hidden_states: bool = False, return_dict: bool = True
    ) -> BackboneOutput | tuple[Any, ...]:
        """`pixel_values`: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them."""
        stages = self.encoder(self.conv_stem(pixel_values))
        last, pooled = stages[-1], None
        if self.expand_output:
            last = self.conv_1x1_exp(last)
            pooled = torch.mean(last, dim=[-2, -1])
        output = BackboneOutput(last, pooled, stages if output_hidden_states else None)
        return output if return_dict else output.to_tuple()


class MobileViTForImageClassification(PreTrainedModel):
    """The backbone, dropout, and a linear classifier over `config.num_labels` classes."""

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__(config)
        self.mobilevit = MobileViTModel(config)
        self.dropout = nn.Dropout(config.classifier_dropout_prob)
        self.classifier = nn.Linear(config.neck_hidden_sizes[6], config.num_labels)
        self._initialise()

    def forward(
        self, pixel_values: Tensor, output_hidden_states: bool = False, return_dict: bool = True
    ) -> ClassifierOutput | tuple[Any, ...]:
        """`pixel_values`: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them."""
        features = self.mobilevit(pixel_values, output_hidden_states=output_hidden_states)
        logits = self.classifier(self.dropout(features.pooler_output))
        output = ClassifierOutput(logits, features.hidden_states)
        return output if return_dict else output.to_tuple()
