"""Well-scaled random weights: for training from scratch and for tests.

MobileViT's documented initialisation (normal, std 0.02, BatchNorm gains included) answers all zeros for any input:
useless for comparing two implementations, and slow to train from.
"""

from __future__ import annotations

import torch
from torch import nn


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
    """`he_initialise`, then random biases, normalisation affines and BatchNorm statistics: no parameter is neutral."""
    he_initialise(model, seed)
    draw = torch.Generator().manual_seed(seed + 1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            module.weight.uniform_(0.7, 1.4, generator=draw)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.2, generator=draw)
            module.running_var.uniform_(0.5, 1.5, generator=draw)
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.LayerNorm) and module.bias is not None:
            module.bias.normal_(std=0.1, generator=draw)
