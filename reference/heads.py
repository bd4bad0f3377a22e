"""MobileViT with a head: image classification, and semantic segmentation with DeepLabV3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import MobileViTConfig
from .errors import UserError
from .layers import ConvLayer
from .mobilevit import MobileViTModel
from .outputs import HeadOutput
from .pretrained import PreTrainedModel


class MobileViTForImageClassification(PreTrainedModel):
    """The backbone, dropout, and a linear classifier over `config.num_labels` classes.

    Args:
        config: the architecture.
        classifier_shapes: where more than one linear layer is the classifier, an nn.Sequential: the shape of each
            weight, [C] of a LayerNorm, [out, in] of a linear layer.
    """

    head_prefix = "classifier."
    own_arguments = ("classifier_shapes",)

    def __init__(self, config: MobileViTConfig, classifier_shapes: Sequence[Sequence[int]] = ()) -> None:
        super().__init__(config)
        self.mobilevit = MobileViTModel(config)
        self.dropout = nn.Dropout(config.classifier_dropout_prob)
        self.classifier_shapes = classifier_shapes
        self.classifier = _classifier(classifier_shapes, config.neck_hidden_sizes[6], config.num_labels)
        self._initialise()

    @classmethod
    def own_in(cls, weights: Mapping[str, Tensor]) -> dict[str, Any]:
        numbered = (f"{cls.head_prefix}{number}.weight" for number in count())
        found = [weights[name].shape for name in takewhile(weights.__contains__, numbered)]
        return {"classifier_shapes": found} if found else {}

    def forward(
        self,
        pixel_values: Tensor,
        output_hidden_states: bool | None = None,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Logits [B, num_labels], and the loss where labels are given: HeadOutput or its tuple.

        Args:
            pixel_values: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them.
            output_hidden_states, return_dict: None: as the configuration says.
            labels: the kind of loss is `config.problem_type`, or else follows from them: one label: regression
                (mean squared error, [B]); integers [B]: cross-entropy; floats [B, num_labels]: one binary
                cross-entropy per class.
        """
        features = self.mobilevit(pixel_values, output_hidden_states=output_hidden_states, return_dict=True)
        logits = self.classifier(self.dropout(features.pooler_output))
        loss = None if labels is None else self._loss(logits, labels)
        return self._shaped(HeadOutput(loss, logits, features.hidden_states), return_dict)

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        count = self.config.num_labels
        problem = self.config.problem_type
        if problem is None and count == 1:
            problem = "regression"
        elif problem is None:
            integers = labels.dtype in (torch.int32, torch.int64)
            problem = "single_label_classification" if integers else "multi_label_classification"
        if problem == "regression":
            return (
                functional.mse_loss(logits.squeeze(), labels.squeeze())
                if count == 1
                else functional.mse_loss(logits, labels)
            )
        if problem == "single_label_classification":
            return functional.cross_entropy(logits.view(-1, count), labels.view(-1).long())
        if problem == "multi_label_classification":
            return functional.binary_cross_entropy_with_logits(logits, labels)
        raise UserError(
            f"problem_type {problem!r} is unknown: choose regression, single_label_classification or "
            "multi_label_classification"
        )


def _classifier(shapes: Sequence[Sequence[int]], width: int, labels: int) -> nn.Module:
    """Values [B, width] -> logits [B, labels], by layers of these shapes, one linear layer where none are given."""
    if not shapes:
        return nn.Linear(width, labels)
    layers: list[nn.Module] = []
    for number, shape in enumerate(shapes, start=1):
        if len(shape) == 1:
            layers.append(nn.LayerNorm(width))
        else:
            layers.append(nn.Linear(width, labels if number == len(shapes) else shape[0]))
            width = shape[0]
    return nn.Sequential(*layers)


class MobileViTForSemanticSegmentation(PreTrainedModel):
    """The backbone without its last expansion, and DeepLabV3 over `config.num_labels` classes.

    Logits come at `config.output_stride` input pixels each: 32x32 for the published models at 512x512.
    """

    head_prefix = "segmentation_head.classifier."

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__(config)
        self.mobilevit = MobileViTModel(config, expand_output=False)
        self.segmentation_head = DeepLabV3(config)
        self._initialise()

    def forward(
        self,
        pixel_values: Tensor,
        labels: Tensor | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Logits [B, num_labels, H / stride, W / stride], and the loss where labels are given: HeadOutput or its tuple.

        Args:
            pixel_values: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them.
            labels: class indices [B, h, w]; the logits are resized to them (bilinear) for the cross-entropy, which
                skips `config.semantic_loss_ignore_index`.
            output_hidden_states, return_dict: None: as the configuration says.

        Raises:
            UserError: for labels with a one-class model, whose loss would always be zero.
        """
        if labels is not None and self.config.num_labels == 1:
            raise UserError("a segmentation loss needs more than one label")
        features = self.mobilevit(pixel_values, output_hidden_states=output_hidden_states, return_dict=True)
        logits = self.segmentation_head(features.last_hidden_state)
        loss = None
        if labels is not None:
            resized = functional.interpolate(logits, size=labels.shape[-2:], mode="bilinear", align_corners=False)
            loss = functional.cross_entropy(resized, labels, ignore_index=self.config.semantic_loss_ignore_index)
        return self._shaped(HeadOutput(loss, logits, features.hidden_states), return_dict)


class DeepLabV3(nn.Module):
    """Atrous spatial pyramid pooling, dropout, a 1x1 classifier (arXiv:1706.05587)."""

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__()
        self.aspp = ASPP(config)
        self.dropout = nn.Dropout2d(config.classifier_dropout_prob)
        self.classifier = ConvLayer(
            config, config.aspp_out_channels, config.num_labels, 1, bias=True, normalize=False, activate=False
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.aspp(features)))


class ASPP(nn.Module):
    """A 1x1 convolution, three atrous 3x3 ones and the image's mean, side by side, then projected."""

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__()
        inside, outside = config.neck_hidden_sizes[5], config.aspp_out_channels
        self.convs = nn.ModuleList([ConvLayer(config, inside, outside, 1, act="relu")])
        self.convs.extend(ConvLayer(config, inside, outside, 3, dilation=r, act="relu") for r in config.atrous_rates)
        self.convs.append(ASPPPooling(config, inside, outside))
        self.project = ConvLayer(config, len(self.convs) * outside, outside, 1, act="relu")
        self.dropout = nn.Dropout(config.aspp_dropout_prob)

    def forward(self, features: Tensor) -> Tensor:
        pyramid = torch.cat([convolution(features) for convolution in self.convs], dim=1)
        return self.dropout(self.project(pyramid))


class ASPPPooling(nn.Module):
    """The mean over the image through a 1x1 convolution, spread over the image again."""

    def __init__(self, config: MobileViTConfig, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.conv_1x1 = ConvLayer(config, in_channels, out_channels, 1, act="relu")

    def forward(self, features: Tensor) -> Tensor:
        pooled = self.conv_1x1(self.global_pool(features))
        return functional.interpolate(pooled, size=features.shape[-2:], mode="bilinear", align_corners=False)
