"""Reading, checking and writing state dicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .errors import UserError

# Where training checkpoints keep a model's state dict. Averaged weights come first: they are what ml-cvnets and timm
# evaluate and publish.
NESTED = ("ema_state_dict", "state_dict_ema", "model_ema", "model_state_dict", "state_dict", "model")
WRAPPERS = ("module.", "_orig_mod.")  # what DistributedDataParallel and torch.compile put before every name


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file or a PyTorch pickle of tensors; no code in a pickle is ever run.

    Of a training checkpoint, the (averaged) model's state dict; without the prefixes that wrappers leave.

    Raises:
        UserError: when the file is broken, holds no state dict, or holds Python objects beside it.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} is truncated or no weights file ({_first_line(error)}): fetch it again") from error
    except Exception as error:  # torch raises pickle.UnpicklingError and, for broken archives, much else
        raise UserError(f"{path} is not a file of plain tensors ({_first_line(error)}): export safetensors") from error
    if isinstance(weights, dict):
        weights = next((weights[name] for name in NESTED if isinstance(weights.get(name), dict)), weights)
    if (
        not isinstance(weights, dict)
        or not all(isinstance(name, str) for name in weights)
        or not all(isinstance(tensor, Tensor) for tensor in weights.values())
    ):
        raise UserError(f"{path} does not hold a state dict of tensors: save model.state_dict()")
    for wrapper in WRAPPERS:
        if weights and all(name.startswith(wrapper) for name in weights):
            weights = {name.removeprefix(wrapper): tensor for name, tensor in weights.items()}
    return dict(weights)


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


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
