"""The twins of the whole networks, with and without a head: image [B, H, W, 3] in, feature maps [B, h, w, C] inside."""

from __future__ import annotations

from typing import Any

from keras import ops
from torch import nn

from .. import heads, layers, mobilevit
from .basics import Dense, Mirror, dropout, modules, norm
from .layers import ConvLayer, MobileNetLayer, MobileViTLayer, resize, spatial_size

Answer = tuple[Any, list[Any]]


class Encoder(Mirror):
    def __init__(self, source: mobilevit.Encoder, name: str) -> None:
        super().__init__(name)
        self.layer = [
            (MobileNetLayer if isinstance(stage, layers.MobileNetLayer) else MobileViTLayer)(stage, f"layer.{index}")
            for index, stage in enumerate(modules(source.layer))
        ]

    def call(self, x: Any) -> list[Any]:
        stages = []
        for stage in self.layer:
            x = stage(x)
            stages.append(x)
        return stages


class Backbone(Mirror):
    """[B, H, W, 3] -> the last feature map [B, h, w, C], and the outputs of the five stages."""

    def __init__(self, source: mobilevit.MobileViTModel, name: str = "mobilevit") -> None:
        super().__init__(name)
        self.conv_stem = ConvLayer(source.conv_stem, "conv_stem")
        self.encoder = Encoder(source.encoder, "encoder")
        self.conv_1x1_exp = ConvLayer(source.conv_1x1_exp, "conv_1x1_exp") if source.expand_output else None

    def call(self, x: Any) -> Answer:
        stages = self.encoder(self.conv_stem(x))
        return stages[-1] if self.conv_1x1_exp is None else self.conv_1x1_exp(stages[-1]), stages


class Classification(Mirror):
    """[B, H, W, 3] -> logits [B, num_labels], and the outputs of the five stages."""

    def __init__(self, source: heads.MobileViTForImageClassification, name: str = "classification") -> None:
        super().__init__(name)
        self.mobilevit = Backbone(source.mobilevit)
        self.dropout = dropout(source.dropout)
        self.classifier = linears(source.classifier, "classifier")

    def call(self, x: Any) -> Answer:
        features, stages = self.mobilevit(x)
        return self.classifier(self.dropout(pool(features))), stages


class Linears(Mirror):
    """An nn.Sequential of nn.LayerNorm and nn.Linear. [B, C] -> [B, num_labels]"""

    def __init__(self, source: nn.Sequential, name: str) -> None:
        super().__init__(name)
        self.layer = [
            Dense(each, number) if isinstance(each, nn.Linear) else norm(each, number)
            for number, each in source.named_children()
        ]

    def call(self, x: Any) -> Any:
        for each in self.layer:
            x = each(x)
        return x


def linears(source: nn.Module, name: str) -> Mirror:
    """The layer for a classifier of one linear layer, or of several."""
    if isinstance(source, nn.Sequential):
        return Linears(source, name)
    assert isinstance(source, nn.Linear)
    return Dense(source, name)


class Segmentation(Mirror):
    """[B, H, W, 3] -> logits [B, h, w, num_labels], and the outputs of the five stages."""

    def __init__(self, source: heads.MobileViTForSemanticSegmentation, name: str = "segmentation") -> None:
        super().__init__(name)
        self.mobilevit = Backbone(source.mobilevit)
        self.segmentation_head = DeepLabV3(source.segmentation_head, "segmentation_head")

    def call(self, x: Any) -> Answer:
        features, stages = self.mobilevit(x)
        return self.segmentation_head(features), stages


class DeepLabV3(Mirror):
    def __init__(self, source: heads.DeepLabV3, name: str) -> None:
        super().__init__(name)
        self.aspp = ASPP(source.aspp, "aspp")
        self.dropout = dropout(source.dropout)
        self.classifier = ConvLayer(source.classifier, "classifier")

    def call(self, x: Any) -> Any:
        return self.classifier(self.dropout(self.aspp(x)))


class ASPP(Mirror):
    def __init__(self, source: heads.ASPP, name: str) -> None:
        super().__init__(name)
        *convolutions, pooling = modules(source.convs)
        self.convs: list[Mirror] = [ConvLayer(each, f"convs.{index}") for index, each in enumerate(convolutions)]
        self.convs.append(ASPPPooling(pooling, f"convs.{len(convolutions)}"))
        self.project = ConvLayer(source.project, "project")
        self.dropout = dropout(source.dropout)

    def call(self, x: Any) -> Any:
        return self.dropout(self.project(ops.concatenate([convolution(x) for convolution in self.convs], axis=-1)))


class ASPPPooling(Mirror):
    def __init__(self, source: heads.ASPPPooling, name: str) -> None:
        super().__init__(name)
        self.conv_1x1 = ConvLayer(source.conv_1x1, "conv_1x1")

    def call(self, x: Any) -> Any:
        return resize(self.conv_1x1(ops.mean(x, axis=(1, 2), keepdims=True)), *spatial_size(x))


def pool(features: Any) -> Any:
    """[B, h, w, C] -> [B, C]: the mean over the image."""
    return ops.mean(features, axis=(1, 2))


def mirror(source: nn.Module) -> Mirror:
    """The Keras layer that equals a MobileViTModel or a model with a head, its BatchNorm folded or not.

    It takes images [B, H, W, 3] and returns a pair: logits or the last feature map, and the five stages' outputs.
    """
    if isinstance(source, heads.MobileViTForImageClassification):
        return Classification(source)
    if isinstance(source, heads.MobileViTForSemanticSegmentation):
        return Segmentation(source)
    assert isinstance(source, mobilevit.MobileViTModel)
    return Backbone(source)
