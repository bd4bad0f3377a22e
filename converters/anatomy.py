"""A MobileViT's parts by name, once: where a network keeps them, and what the tensors of files are called after them.

Modules bear Hugging Face's names, in reference/ and in its Keras twins. A file's tensors are named after them, without
the wrappers, which tell nothing apart: "layer.2/transformer.layer.0/add".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reference.config import BACKBONE as PREFIX

if TYPE_CHECKING:  # the names alone serve --help, which must not wait for PyTorch
    from torch import nn

    from reference.pretrained import PreTrainedModel

STEM = "conv_stem"
LAYER = "layer"  # a stage of the encoder, a block of a stage, a layer of a transformer; numbered
TRANSFORMER = "transformer"
NORM = "layernorm"  # at a transformer's end
NORM_BEFORE, NORM_AFTER = f"{NORM}_before", f"{NORM}_after"  # attention, in each of a transformer's layers
EXPANSION = "conv_1x1_exp"
CLASSIFIER = "classifier"
CONVOLUTION = "convolution"  # the one layer of a ConvLayer that keeps weights
BACKBONE = PREFIX.removesuffix(".")
ENCODER = "encoder"  # holds the stages

# Scopes, as regular expressions to search the names of an operation's results for, each of which ends with ";".
FIRST_STAGES = rf"^({STEM}|{LAYER}\.[01])/"
FIRST_ATTENTION = rf"^{LAYER}\.2/{TRANSFORMER}"
SCORES = "/scores/"  # of attention, with the heads of query and key taken apart
NORMS = rf"{NORM}|^{CLASSIFIER}/\d+/"
RESIDUAL_STREAM = rf"{TRANSFORMER}\.{LAYER}\.\d+/add(_1)?;$"
# A block's parts, and what lies outside of the blocks.
PART = re.compile(rf"^({STEM}|{LAYER}\.\d+/[^/]+|{EXPANSION}|{CLASSIFIER})(?=/)")


def stem(network: PreTrainedModel) -> Any:
    """The first ConvLayer."""
    return network.backbone.conv_stem


def stages(network: PreTrainedModel) -> nn.ModuleList:
    """The encoder's five: two of inverted residuals, three MobileViT blocks."""
    return network.backbone.encoder.layer


def is_block(stage: nn.Module) -> bool:
    """Whether a stage is a MobileViT block, MobileViTLayer."""
    return hasattr(stage, TRANSFORMER)


def blocks(network: PreTrainedModel) -> list[Any]:
    """The MobileViT blocks."""
    return [stage for stage in stages(network) if is_block(stage)]


def replace_blocks(network: PreTrainedModel, made: Callable[[Any], nn.Module]) -> None:
    """Put what is `made` of each MobileViT block in its place."""
    found = stages(network)
    for index, stage in enumerate(found):
        if is_block(stage):
            found[index] = made(stage)


def classifier_layers(network: PreTrainedModel) -> list[tuple[str, Any]]:
    """By the names that they have in the classifier, where it has several: LayerNorms and linear layers."""
    return list(network.get_submodule(CLASSIFIER).named_children()) if hasattr(network, CLASSIFIER) else []


@dataclass(frozen=True)
class TransformerParts:
    """A transformer layer's modules in the order of their work.

    before, after: the norms. attention: SelfAttention, which holds query, key and value. projection: of what attention
    answers. expand, activation, reduce: the feed-forward part. projection and reduce write to the residual stream.
    """

    before: Any
    attention: Any
    query: Any
    key: Any
    value: Any
    projection: Any
    after: Any
    expand: Any
    activation: Any
    reduce: Any


def transformer_layers(block: Any) -> Iterator[Any]:
    """The TransformerLayers of a MobileViT block."""
    return iter(block.transformer.layer)


def parts(layer: Any) -> TransformerParts:
    """Of a TransformerLayer."""
    attention = layer.attention.attention
    return TransformerParts(
        before=layer.layernorm_before,
        attention=attention,
        query=attention.query,
        key=attention.key,
        value=attention.value,
        projection=layer.attention.output.dense,
        after=layer.layernorm_after,
        expand=layer.intermediate.dense,
        activation=layer.intermediate.intermediate_act_fn,
        reduce=layer.output.dense,
    )


def norms(block: Any) -> list[tuple[Any, str]]:
    """Every LayerNorm of a MobileViT block, as the module that holds it and the name it has there."""
    inside = [(layer, name) for layer in transformer_layers(block) for name in (NORM_BEFORE, NORM_AFTER)]
    return [*inside, (block, NORM)]


def stream_writers(block: Any) -> list[Any]:
    """The layers with weights whose sum is a block's residual stream."""
    layers = [parts(layer) for layer in transformer_layers(block)]
    return [block.conv_1x1.convolution, *(writer for layer in layers for writer in (layer.projection, layer.reduce))]
