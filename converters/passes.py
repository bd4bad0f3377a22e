"""Exact rewrites of a network for deployment, one named pass each, in the order they are applied.

A pass changes a network in place; the network it leaves computes the same function, in fewer operations. Where weights
are combined, float64 does it, so that each pass adds one rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from reference.errors import UserError
from reference.layers import ConvLayer, InvertedResidual
from reference.pretrained import PreTrainedModel
from reference.transformer import SelfAttention

from . import anatomy

DEVIATIONS = 4.0  # from a channel's mean, in standard deviations: where its values end
DIP = 0.3  # what SiLU answers is nowhere below -0.28
UNEVEN = 3.0
SPLIT = 1 / 16  # of attention's weights: the same share of what lies below as of what is beyond, in steps of 8 bits


def equalize_through_silu(network: PreTrainedModel) -> None:
    """Given: convolution, SiLU, convolution, with channels of uneven range in between. Result: channels of even range.

    An integer tensor has one scale, which the largest channel sets; the small ones are left a few levels. Gains that
    even out the channels cannot pass SiLU, x * sigmoid(x), but its first factor: that and the sigmoid's input become
    convolutions of their own, the first with gains, which the next convolution takes back. The ranges are those that
    BatchNorm promises. Float files have no use for this.
    """
    for block in _all(network, InvertedResidual):
        for layer, reader in ((block.expand_1x1, block.conv_3x3), (block.conv_3x3, block.reduce_1x1)):
            norm = layer.normalization
            if norm is None or not isinstance(layer.activation, nn.SiLU):
                continue
            ends = (norm.bias.double() + DEVIATIONS * norm.weight.double().abs()).clamp(min=DIP)
            if ends.max() < UNEVEN * ends.median():
                continue
            gain = ends.median() / ends
            layer.gate = copy.deepcopy(layer)
            layer.gate.activation, layer.activation = nn.Sigmoid(), None
            norm.weight.copy_(norm.weight * gain)
            norm.bias.copy_(norm.bias * gain)
            depthwise = reader.convolution.groups > 1
            weight = reader.convolution.weight
            weight.copy_(weight / gain.reshape((-1, 1, 1, 1) if depthwise else (1, -1, 1, 1)))


def fold_batch_norm(network: PreTrainedModel) -> None:
    """Given: convolution, then BatchNorm with fixed statistics. Result: one convolution with a bias."""
    for layer in _all(network, ConvLayer):
        if layer.normalization is None:
            continue
        norm, convolution = layer.normalization, layer.convolution
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        shift = norm.bias.double() - norm.running_mean.double() * gain
        _set(convolution, convolution.weight.double() * gain[:, None, None, None], _bias(convolution) * gain + shift)
        layer.normalization = None


def fold_attention_scale(network: PreTrainedModel) -> None:
    """Given: attention scores divided by the root of the head size. Result: a query that carries the factor."""
    for attention in _all(network, SelfAttention):
        query = attention.query
        bias = None if query.bias is None else _bias(query) * attention.scale
        _set(query, query.weight.double() * attention.scale, bias)
        attention.scale = 1.0


def drop_key_bias(network: PreTrainedModel) -> None:
    """Given: a bias on the keys, which adds the same to all scores of a query. Result: none, as softmax ignores it."""
    for attention in _all(network, SelfAttention):
        attention.key.bias = None


def fold_value_bias(network: PreTrainedModel) -> None:
    """Given: a bias on the values. Result: in the output projection's bias, as attention weights sum to one."""
    for layer in _transformer_layers(network):
        value, projection = anatomy.parts(layer).value, anatomy.parts(layer).projection
        if value.bias is None:
            continue
        _set(projection, projection.weight, _bias(projection) + projection.weight.double() @ value.bias.double())
        value.bias = None


def fold_layer_norm(network: PreTrainedModel) -> None:
    """Given: LayerNorm, then linear layers. Result: LayerNorm without gain and bias; the linear layers have them."""
    for layer in _transformer_layers(network):
        parts = anatomy.parts(layer)
        _fold_affine(layer, anatomy.NORM_BEFORE, [parts.query, parts.key, parts.value])
        _fold_affine(layer, anatomy.NORM_AFTER, [parts.expand])
    for (name, norm), (_, reader) in pairwise(anatomy.classifier_layers(network)):
        if isinstance(norm, nn.LayerNorm) and isinstance(reader, nn.Linear):
            _fold_affine(network.get_submodule(anatomy.CLASSIFIER), name, [reader])


def fold_last_layer_norm(network: PreTrainedModel) -> None:
    """Given: the transformers' last LayerNorm, folded back into a map, then a 1x1 convolution. Result: as above.

    Stretching the map in between changes nothing: interpolation weights sum to one.
    """
    for block in anatomy.blocks(network):
        if block.conv_projection.normalization is None:  # or else BatchNorm stands for the convolution's bias
            _fold_affine(block, anatomy.NORM, [block.conv_projection.convolution])


def center_residual_stream(network: PreTrainedModel) -> None:
    """Given: LayerNorm without gain and bias. Result: RMS norm, which need not subtract the mean.

    The residual stream of a transformer is a sum of linear outputs, and only norms read it: with every weight and bias
    that writes to it centred over the channels, its mean is zero.
    """
    for block in anatomy.blocks(network):
        places = anatomy.norms(block)
        norms = [getattr(parent, name) for parent, name in places]
        if any(not isinstance(norm, nn.LayerNorm) or norm.elementwise_affine for norm in norms):
            continue
        for writer in anatomy.stream_writers(block):
            weight = writer.weight.double()
            bias = None if writer.bias is None else _bias(writer) - _bias(writer).mean()
            _set(writer, weight - weight.mean(dim=0, keepdim=True), bias)
        for (parent, name), norm in zip(places, norms):
            setattr(parent, name, nn.RMSNorm(norm.normalized_shape, eps=norm.eps, elementwise_affine=False))


def split_attention(network: PreTrainedModel) -> None:
    """Given: the first block's attention, whose weights many tokens share. Result: small and large ones applied apart.

    Steps of 8 bits for weights up to one are larger than most weights among 1,024 tokens. Those of the small ones alone
    are a sixteenth of that. Float files have no use for this.
    """
    for layer in anatomy.transformer_layers(anatomy.blocks(network)[0]):
        anatomy.parts(layer).attention.split = SPLIT


PASSES: dict[str, Callable[[PreTrainedModel], None]] = {
    "equalize-through-silu": equalize_through_silu,
    "fold-batch-norm": fold_batch_norm,
    "fold-layer-norm": fold_layer_norm,
    "fold-attention-scale": fold_attention_scale,
    "drop-key-bias": drop_key_bias,
    "fold-value-bias": fold_value_bias,
    "fold-last-layer-norm": fold_last_layer_norm,
    "center-residual-stream": center_residual_stream,
    "split-attention": split_attention,
}


FOR_INTEGERS = tuple(name for name in PASSES if name != "split-attention")
FOR_FLOAT = tuple(name for name in FOR_INTEGERS if name != "equalize-through-silu")
# RMS norm has no operation of its own in Core ML and ONNX, LayerNorm has one.
KEEPING_LAYER_NORM = tuple(name for name in FOR_FLOAT if name != "center-residual-stream")
INTEGERS_KEEPING_LAYER_NORM = tuple(name for name in FOR_INTEGERS if name != "center-residual-stream")


@torch.no_grad()
def rewrite(network: PreTrainedModel, passes: Collection[str]) -> None:
    """Apply the named passes to `network`, in the order of PASSES.

    A pass that needs another one which is left out changes nothing.
    """
    for name, apply in PASSES.items():
        if name in passes:
            apply(network)


def without(passes: Collection[str], excluded: Collection[str]) -> tuple[str, ...]:
    """`passes` but for the excluded ones; UserError for a name that no pass has."""
    unknown = sorted(set(excluded) - set(PASSES))
    if unknown:
        raise UserError(f"there is no pass {unknown[0]}: choose among {', '.join(PASSES)}")
    return tuple(name for name in passes if name not in excluded)


def _all(network: nn.Module, kind: type[nn.Module]) -> Iterator[Any]:
    return (module for module in network.modules() if isinstance(module, kind))


def _transformer_layers(network: PreTrainedModel) -> Iterator[Any]:
    return (layer for block in anatomy.blocks(network) for layer in anatomy.transformer_layers(block))


def _bias(layer: Any) -> Tensor:
    """The bias of a linear layer or convolution in float64, zeros where there is none."""
    return layer.weight.new_zeros(len(layer.weight)).double() if layer.bias is None else layer.bias.double()


def _set(layer: Any, weight: Tensor, bias: Tensor | None) -> None:
    layer.weight = nn.Parameter(weight.float())
    layer.bias = None if bias is None else nn.Parameter(bias.float())


def _fold_affine(parent: nn.Module, name: str, readers: list[Any]) -> None:
    """Move the gain and bias of the LayerNorm `name` of `parent` into the linear layers that read its output."""
    norm: Any = getattr(parent, name)
    if not norm.elementwise_affine:
        return
    gain, shift = norm.weight.double(), norm.bias.double()
    for reader in readers:
        weight = reader.weight.double()  # [out, in], of a convolution [out, in, 1, 1]
        flat = weight.flatten(1)
        _set(reader, (flat * gain).reshape(weight.shape), _bias(reader) + flat @ shift)
    setattr(parent, name, nn.LayerNorm(norm.normalized_shape, eps=norm.eps, elementwise_affine=False))
