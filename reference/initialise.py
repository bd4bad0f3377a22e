"""Well-scaled random weights: for training from scratch and for tests.

MobileViT's documented initialisation (normal, std 0.02, BatchNorm gains included) answers all zeros for any input:
useless for comparing two implementations, and slow to train from.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

BATCH_NORM_MOMENTUM = 0.1  # PyTorch's default, which MobileViT keeps


@torch.no_grad()
def he_initialise(model: nn.Module, seed: int) -> None:
    """Set weights to normal with He scale, biases to zero and normalisations to identity, drawn from `seed`."""
    draw = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            # SiLU keeps about a third of a unit normal's power; plain linear layers keep all of it.
            gain = 2.0 if isinstance(module, nn.Conv2d) else 1.0
            module.weight.normal_(std=(gain / fan_in) ** 0.5, generator=draw)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            module.weight.fill_(1.0)
            module.bias.zero_()


@torch.no_grad()
def randomise(model: nn.Module, seed: int) -> None:
    """`he_initialise`, then random biases and gains, and BatchNorm statistics near those of seeded images.

    No parameter is neutral, and the answer depends on the image: purely random statistics let the constant part of the
    activations grow from layer to layer until it drowns the image.
    """
    he_initialise(model.eval(), seed)
    draw = torch.Generator().manual_seed(seed + 1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            module.weight.uniform_(0.7, 1.4, generator=draw)
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.LayerNorm) and module.bias is not None:
            module.bias.normal_(std=0.1, generator=draw)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train().momentum = 1.0  # take over the statistics of the one batch that follows
    stem = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    colors = torch.rand((8, stem.in_channels, 6, 6), generator=draw)
    smooth = functional.interpolate(colors, size=(128, 128), mode="bicubic")
    model((smooth + 0.2 * torch.randn(smooth.shape, generator=draw)).clamp(0, 1))
    for norm in norms:
        norm.eval().momentum = BATCH_NORM_MOMENTUM
        for statistic in (norm.running_mean, norm.running_var):
            assert statistic is not None
            statistic.mul_(torch.empty_like(statistic).uniform_(0.8, 1.25, generator=draw))
