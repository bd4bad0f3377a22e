"""What the MobileViT models share: configuration, initialisation, and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from .checkpoint_files import CheckpointFiles, read_checkpoint_files
from .config import BACKBONE, MobileViTConfig
from .errors import UserError
from .outputs import ModelOutput
from .sources import WEIGHT_FILES, open_with_options
from .weights import check_shapes, load_strictly, write_weights

Model = TypeVar("Model", bound="PreTrainedModel")


class PreTrainedModel(nn.Module):
    """Base class of the models."""

    head_prefix: ClassVar[str | None] = None
    own_arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__()
        if self.head_prefix is not None and config.num_labels == 0:
            raise UserError("a model with a head needs at least one label: choose num_labels, or MobileViTModel")
        self.config = config

    @classmethod
    def from_pretrained(
        cls: type[Model],
        pretrained_model_name_or_path: str | Path,
        *,
        config: MobileViTConfig | str | Path | None = None,
        ignore_mismatched_sizes: bool = False,
        dtype: torch.dtype | str | None = None,
        device_map: torch.device | str | None = None,
        **changes: Any,
    ) -> Model:
        """Load a checkpoint, in eval mode.

        Args:
            pretrained_model_name_or_path: a folder, a weights file, or a Hub id, in Hugging Face's, ml-cvnets' or
                timm's layout.
            config: a configuration, or where to read one, to take for the checkpoint's own.
            ignore_mismatched_sizes: keep the freshly initialised head where the checkpoint's has another shape, to
                fine-tune for other classes.
            dtype: of the weights, "float16" for one; "auto": as in the file; None: float32. `torch_dtype` is the same.
            device_map: the device to load to; "auto": an accelerator where there is one.
            changes: configuration values that differ from the checkpoint's, `num_labels=5` for one, the model's own
                arguments (`expand_output` of MobileViTModel), and the Hub's (see sources.HUB_OPTIONS).

        Raises:
            UserError: when the files are missing or broken, or a tensor does not fit; the first one is named. For an
                unknown option.
        """
        dtype = changes.pop("torch_dtype", dtype)
        own = {name: changes.pop(name) for name in cls.own_arguments if name in changes}
        place, changes = open_with_options(pretrained_model_name_or_path, changes)
        if isinstance(config, str | Path):
            config = MobileViTConfig.from_pretrained(config)
        files = read_checkpoint_files(place, config, **changes)
        model = cls.from_files(files, place.id, ignore_mismatched_sizes, **own)
        return model.to(device=_device(device_map), dtype=_dtype(dtype, files.weights))

    @classmethod
    def from_files(
        cls: type[Model], files: CheckpointFiles, source: str, ignore_mismatched_sizes: bool = False, **own: Any
    ) -> Model:
        """The model that a checkpoint's files describe, in eval mode; `source` names them in errors.

        What the configuration asks for is compared with the weights before any of it takes memory.
        """
        own = {**cls.own_in(files.weights), **own}
        with torch.device("meta"):
            sketch = cls(files.config, **own)
        check_shapes(sketch.state_dict(), sketch.own_part(files.weights, ignore_mismatched_sizes), source)
        model = cls(files.config, **own)
        load_strictly(model, model.own_part(files.weights, ignore_mismatched_sizes), source)
        return model.eval()

    @classmethod
    def own_in(cls, weights: Mapping[str, Tensor]) -> dict[str, Any]:
        """Those of the class's own arguments that follow from a checkpoint's tensors."""
        return {}

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' type."""
        return next(self.parameters()).dtype

    @property
    def backbone(self) -> Any:
        """The MobileViTModel: this model, or the one under its head."""
        return getattr(self, "mobilevit", self)

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write `save_directory`/config.json and model.safetensors, which transformers loads too."""
        folder = Path(save_directory)
        self.config.extra["architectures"] = [type(self).__name__]
        self.config.save_pretrained(folder)
        write_weights(self, folder / WEIGHT_FILES[0])

    def own_part(self, weights: Mapping[str, Tensor], ignore_mismatched_sizes: bool = False) -> dict[str, Tensor]:
        """`weights` as this model names them: a backbone drops the prefix and the head, whichever it is."""
        own = self.state_dict()
        if self.head_prefix is None and any(name.startswith(BACKBONE) for name in weights):
            weights = {name[len(BACKBONE) :]: w for name, w in weights.items() if name.startswith(BACKBONE)}
            weights = {name: w for name, w in weights.items() if name in own or not name.startswith("conv_1x1_exp.")}
        if ignore_mismatched_sizes and self.head_prefix is not None:
            replaced = {
                name: own[name]
                for name, tensor in weights.items()
                if name.startswith(self.head_prefix) and name in own and own[name].shape != tensor.shape
            }
            weights = {**weights, **replaced}
        return dict(weights)

    def _shaped(self, output: ModelOutput, return_dict: bool | None) -> Any:
        """`output` as the caller or else the configuration wants it: named fields, or a tuple."""
        if return_dict is None:
            return_dict = self.config.return_dict
        return output if return_dict else output.to_tuple()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Draw weights as the original does: normal with `initializer_range`, biases zero, LayerNorm at identity."""
        if self.device.type == "meta":
            return  # nothing to draw into; and to be asked for it, torch imports its compiler, for two seconds
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                nn.init.normal_(module.weight, std=self.config.initializer_range)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def _device(wanted: torch.device | str | None) -> torch.device | str | None:
    """The device for a `device_map`."""
    if wanted == "auto":
        return torch.accelerator.current_accelerator(check_available=True) or "cpu"
    return wanted


def _dtype(wanted: torch.dtype | str | None, weights: Mapping[str, Tensor]) -> torch.dtype | None:
    """The type for a `dtype`; "auto" is that of the first of `weights` with a fraction."""
    if wanted == "auto":
        return next(tensor.dtype for tensor in weights.values() if tensor.is_floating_point())
    named = getattr(torch, wanted, None) if isinstance(wanted, str) else wanted
    if wanted is not None and not (isinstance(named, torch.dtype) and named.is_floating_point):
        raise UserError(f"dtype {wanted!r} is no type of floating-point numbers: choose float32, float16 or bfloat16")
    return named
