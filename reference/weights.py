"""Checking and writing state dicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from .errors import UserError

COUNTER = "num_batches_tracked"  # of training steps; some exporters drop it
TYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def write_weights(model: nn.Module, path: Path) -> None:
    """Write the model's state dict as safetensors, in the layout that transformers writes and reads."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, path, metadata={"format": "pt"})


def check_shapes(own: Mapping[str, Tensor], weights: Mapping[str, Tensor], source: str) -> None:
    """UserError names the first of `weights` that a network with the tensors `own` lacks, has otherwise, or not."""
    for name, tensor in own.items():
        if name not in weights and name.endswith(COUNTER):
            continue
        if name not in weights:
            raise UserError(f"checkpoint {source} lacks tensor {name}: it is not this MobileViT architecture")
        if weights[name].shape != tensor.shape:
            raise UserError(
                f"checkpoint {source}: tensor {name} has shape {list(weights[name].shape)}, "
                f"but its configuration asks for {list(tensor.shape)}"
            )
    for name in weights:
        if name not in own:
            raise UserError(f"checkpoint {source} has tensor {name}, which this MobileViT architecture does not know")


def load_strictly(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy `weights` into `model`; UserError for the first tensor that `check_shapes` names, or that is not finite."""
    own = model.state_dict()
    check_shapes(own, weights, source)
    for name, tensor in weights.items():
        if name.endswith(COUNTER):
            continue
        if tensor.is_floating_point() and tensor.dtype not in TYPES:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise UserError(f"checkpoint {source}: tensor {name} is of {kind}: save it as float32 or float16")
        if not _is_plain(tensor):
            raise UserError(f"checkpoint {source}: tensor {name} is not made of finite floating-point numbers")
    model.load_state_dict({**own, **weights})


def _is_plain(tensor: Tensor) -> bool:
    dense = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    return dense and tensor.is_floating_point() and bool(torch.isfinite(tensor).all())
