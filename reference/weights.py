"""Checking and writing state dicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from .errors import UserError


def write_weights(model: nn.Module, path: Path) -> None:
    """Write the model's state dict as safetensors, in the layout that transformers writes and reads."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, path, metadata={"format": "pt"})


def load_strictly(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy `weights` into `model`; UserError names the first tensor that is missing, misshapen or left over."""
    own = model.state_dict()
    for name, tensor in own.items():
        counter = name.endswith("num_batches_tracked")  # of training steps; some exporters drop it
        if name not in weights and counter:
            continue
        if name not in weights:
            raise UserError(f"checkpoint {source} lacks tensor {name}: it is not this MobileViT architecture")
        if not counter and not _is_plain(weights[name]):
            raise UserError(f"checkpoint {source}: tensor {name} is not made of finite floating-point numbers")
        if weights[name].shape != tensor.shape:
            raise UserError(
                f"checkpoint {source}: tensor {name} has shape {list(weights[name].shape)}, "
                f"but its configuration asks for {list(tensor.shape)}"
            )
    for name in weights:
        if name not in own:
            raise UserError(f"checkpoint {source} has tensor {name}, which this MobileViT architecture does not know")
    model.load_state_dict({**own, **weights})


def _is_plain(tensor: Tensor) -> bool:
    dense = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    return dense and tensor.is_floating_point() and bool(torch.isfinite(tensor).all())
