"""Core AI's way to write what `Form` leaves open, and LayerNorm over channels as one operation of it."""

from __future__ import annotations

from typing import Any

import torch
from coreai_torch import TorchConverter, generate_composite_decl
from torch import Tensor
from torch.nn import functional

from ..channels_first import Form

NORM = "mobilevit_edge_kit::norm_of_channels"
GRAPH = "layer_norm"  # what Core AI calls the composite, and its graph


@torch.library.custom_op(NORM, mutates_args=())
def norm_of_channels(features: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """LayerNorm over the channels of [B, C, H, W]; weight and bias [C]."""
    last = functional.layer_norm(features.movedim(1, -1), features.shape[1:2], weight, bias, eps)
    return last.movedim(-1, 1).contiguous()


@norm_of_channels.register_fake
def _(features: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    return torch.empty_like(features)


def to_patches(features: Tensor, side: int) -> Tensor:
    """[B, C, H, W] -> [P*B, C, H/p, W/p], by slices: no transpose."""
    return torch.cat([features[:, :, row::side, column::side] for row in range(side) for column in range(side)])


def from_patches(patches: Tensor, side: int) -> Tensor:
    """The inverse of `to_patches`, by one transpose."""
    sequences, channels, height, width = patches.shape
    batch = sequences // side**2
    places = patches.reshape(side, side, batch * channels, height, width).permute(2, 3, 0, 4, 1)
    return places.reshape(batch, channels, height * side, width * side)


def attend(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Scores [S, h, keys, queries], so that only the key is transposed, and softmax runs down a column.

    PyTorch's one operation wants [S, h, N, d]: four transposes of the operands for one here.
    """
    scores = torch.matmul(key.transpose(-1, -2), query)
    return torch.matmul(value, functional.softmax(scores if scale == 1 else scores * scale, dim=-2))


FORM = Form(norm_of_channels, to_patches, from_patches, attend)


def register(converter: TorchConverter) -> None:
    """Tell Core AI's converter what to write for NORM: its layer_norm, whose statistics are float32 as its own are."""

    @converter.register_torch_lowering(f"{NORM}.default")
    def _norm(values: dict[str, Any], node: Any, location: Any) -> Any:
        from coreai._compiler.dialects import coreai
        from coreai._compiler.ir import F32Type

        features, channels = values[node.args[0].name], node.meta["val"].shape[1]
        weight, bias = (None if each is None else values[each.name] for each in node.args[1:3])
        attributes = {"eps": node.args[3], "axes": [1], "version": 1}
        declared = generate_composite_decl(features.context, GRAPH, ["input"], ["output"], attributes)

        @coreai.graph(private=True, no_inline=True, composite_decl=declared)
        def layer_norm(input: Any) -> Any:
            wide = coreai.cast(input, F32Type.get())
            centred = coreai.broadcasting_sub(wide, coreai.reduce_mean(wide, [1]))
            variance = coreai.reduce_mean(coreai.broadcasting_mul(centred, centred), [1])
            steady = coreai.broadcasting_add(variance, coreai.constant(node.args[3], dtype=F32Type.get()))
            return coreai.cast(coreai.broadcasting_mul(centred, coreai.rsqrt(steady)), input.type.element_type)

        (result,) = layer_norm(features)
        if weight is not None:
            result = coreai.broadcasting_mul(result, coreai.reshape(weight, [1, channels, 1, 1]))
        if bias is not None:
            result = coreai.broadcasting_add(result, coreai.reshape(bias, [1, channels, 1, 1]))
        return result
