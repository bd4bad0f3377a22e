"""Begin a larger MobileViT with what a smaller one has learnt, after Net2Net (arXiv:1511.05641).

The sizes differ in width only. The smaller network's channels keep their weights inside the larger one and do not
listen to the new channels, so that the larger network answers nearly as the smaller one did; the new channels listen
to everything, at random, and training gives them a say. Two places are not exact: LayerNorm sees the residual stream
widened by copies of its channels, and the first block of xs and s has no skip connection, which pairs of channels
stand in for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..pretrained import PreTrainedModel

# SiLU is nearly a ramp when its input is scaled up: x = ramp(x) - ramp(-x) carries x through the block's two SiLUs.
_RAMP_SCALE = 8.0
_FRESH = -1


@torch.no_grad()
def widen(small: PreTrainedModel, large: PreTrainedModel, images: Tensor) -> None:
    """Give `large`, freshly initialised, the function of `small`.

    Args:
        small, large: with the same depth and number of heads; no width of `large` is less than that of `small`.
        images: [B, 3, H, W], BGR in 0..1; BatchNorm takes its statistics from them.
    """
    kept: dict[str, Tensor] = {}  # by BatchNorm: which channels have a function to keep
    for name, module in large.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            source: Any = small.get_submodule(name)
            _copy_weights(name, module, source, large.config.num_attention_heads)
        elif isinstance(module, nn.LayerNorm):
            source = small.get_submodule(name)
            origin = torch.arange(len(module.weight)) % len(source.weight)
            module.weight.copy_(source.weight[origin])
            module.bias.copy_(source.bias[origin])
        elif isinstance(module, nn.BatchNorm2d):
            source = small.get_submodule(name)
            count = source.num_features
            kept[name] = torch.arange(module.num_features) < count
            for field in ("weight", "bias", "running_mean", "running_var"):
                getattr(module, field)[:count] = getattr(source, field)
    first = "mobilevit.encoder.layer.0.layer.0"
    small_block: Any = small.get_submodule(first)
    large_block: Any = large.get_submodule(first)
    if small_block.use_residual and not large_block.use_residual:
        pairs = _stand_in_for_skip(small_block, large_block)
        for layer in ("expand_1x1", "conv_3x3"):
            kept[f"{first}.{layer}.normalization"][pairs] = True
    _renew_statistics(large, kept, images)


def _copy_weights(name: str, module: Any, source: Any, heads: int) -> None:
    """Copy `source` into the rows and columns of `module` that continue it; see the module's docstring."""
    (new_rows, new_columns), (rows, columns) = module.weight.shape[:2], source.weight.shape[:2]
    row_origin, column_origin = _prefix(rows, new_rows), _prefix(columns, new_columns)
    attends = name.endswith((".query", ".key", ".value"))
    if attends:
        row_origin = _within(heads, rows, new_rows)
    elif name.endswith(("conv_1x1.convolution", "output.dense")):  # these write to the residual stream
        row_origin = torch.arange(new_rows) % rows
    if name.endswith("attention.output.dense"):
        column_origin = _within(heads, columns, new_columns)
    elif name.endswith("fusion.convolution"):  # two concatenated feature maps
        column_origin = _within(2, columns, new_columns)
    copied, heard = row_origin != _FRESH, column_origin != _FRESH
    if name.endswith(".key"):  # new dimensions of the attention's dot product contribute nothing yet
        module.weight.zero_()
    block = torch.zeros_like(module.weight[copied])
    block[:, heard] = source.weight[row_origin[copied]][:, column_origin[heard]]
    # The dot product is divided by the root of its length, which grows.
    gain = (new_rows / rows) ** 0.5 if name.endswith(".query") else 1.0
    module.weight[copied] = block * gain
    if module.bias is not None:
        module.bias[copied] = source.bias[row_origin[copied]] * gain


def _prefix(old: int, new: int) -> Tensor:
    """For each new channel the old one it continues, or _FRESH: the old ones come first."""
    index = torch.arange(new)
    return torch.where(index < old, index, _FRESH)


def _within(groups: int, old: int, new: int) -> Tensor:
    """As `_prefix`, within each of `groups` equal parts."""
    part = _prefix(old // groups, new // groups)
    return torch.cat([torch.where(part == _FRESH, _FRESH, part + group * (old // groups)) for group in range(groups)])


def _stand_in_for_skip(small: Any, large: Any) -> Tensor:
    """Let `large` carry its input to its output as `small`'s skip connection does; returns the channels used."""
    expanded, width = small.expand_1x1.convolution.out_channels, small.reduce_1x1.convolution.out_channels
    pairs = torch.arange(expanded, expanded + 2 * width)
    plus, minus = pairs.chunk(2)
    inputs = torch.arange(width)

    expand, depthwise, reduce = (
        layer.convolution.weight for layer in (large.expand_1x1, large.conv_3x3, large.reduce_1x1)
    )
    expand[pairs] = 0.0
    expand[plus, inputs], expand[minus, inputs] = _RAMP_SCALE, -_RAMP_SCALE
    depthwise[pairs] = 0.0
    depthwise[pairs, 0, 1, 1] = 1.0
    for layer in (large.expand_1x1, large.conv_3x3):  # neither shifts nor scales
        norm = layer.normalization
        norm.running_mean[pairs], norm.running_var[pairs] = 0.0, 1.0 - norm.eps
        norm.weight[pairs], norm.bias[pairs] = 1.0, 0.0
    norm = large.reduce_1x1.normalization
    undo = torch.sqrt(norm.running_var[:width] + norm.eps) / norm.weight[:width] / _RAMP_SCALE
    reduce[inputs, plus], reduce[inputs, minus] = undo[:, None, None], -undo[:, None, None]
    return pairs


def _renew_statistics(model: nn.Module, kept: dict[str, Tensor], images: Tensor) -> None:
    """Take BatchNorm's statistics from `images`, without changing what the kept channels answer in eval mode.

    Training normalises by the batch's own statistics: only where the stored ones are like them does it begin with the
    function that eval mode shows.
    """

    def renew(norm: Any, features: Tensor, keep: Tensor) -> None:
        mean, variance = features.mean(dim=(0, 2, 3)), features.var(dim=(0, 2, 3))
        old_deviation, deviation = torch.sqrt(norm.running_var + norm.eps), torch.sqrt(variance + norm.eps)
        bias = norm.bias + norm.weight * (mean - norm.running_mean) / old_deviation
        norm.bias[keep] = bias[keep]
        norm.weight[keep] = (norm.weight * deviation / old_deviation)[keep]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(
            lambda norm, inputs, keep=keep: renew(norm, inputs[0], keep)
        )
        for name, keep in kept.items()
    ]
    model.eval()(images)
    for hook in hooks:
        hook.remove()
