"""What the MobileViT models share: configuration, initialisation, and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from .checkpoint_files import read_checkpoint_files
from .config import MobileViTConfig
from .outputs import ModelOutput
from .sources import WEIGHT_FILES, open_source
from .weights import load_strictly, write_weights

BACKBONE = "mobilevit."  # the prefix of the backbone's tensors in checkpoints of models with a head

Model = TypeVar("Model", bound="PreTrainedModel")


class PreTrainedModel(nn.Module):
    """Base class of the models."""

    head_prefix: ClassVar[str | None] = None
    own_arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: MobileViTConfig) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def from_pretrained(
        cls: type[Model], source: str | Path, *, ignore_mismatched_sizes: bool = False, **changes: Any
    ) -> Model:
        """Load a checkpoint, in eval mode.

        Args:
            source: a folder, a weights file, or a Hub id, in Hugging Face's, ml-cvnets' or timm's layout.
            ignore_mismatched_sizes: keep the freshly initialised head where the checkpoint's has another shape, to
                fine-tune for other classes.
            changes: configuration values that differ from the checkpoint's, `num_labels=5` for one, and the model's
                own arguments (`expand_output` of MobileViTModel).

        Raises:
            UserError: when the files are missing or broken, or a tensor does not fit; the first one is named.
        """
        place = open_source(source)
        own = {name: changes.pop(name) for name in cls.own_arguments if name in changes}
        files = read_checkpoint_files(place, **changes)
        model = cls(files.config, **own)
        load_strictly(model, model.own_part(files.weights, ignore_mismatched_sizes), place.id)
        return model.eval()

    @property
    def backbone(self) -> Any:
        """The MobileViTModel: this model, or the one under its head."""
        return getattr(self, "mobilevit", self)

    def save_pretrained(self, directory: str | Path) -> None:
        """Write `directory`/config.json and model.safetensors, which transformers loads too."""
        folder = Path(directory)
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
            return_dict = self.config.extra.get("return_dict", True)
        return output if return_dict else output.to_tuple()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Draw weights as the original does: normal with `initializer_range`, biases zero, LayerNorm at identity."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                nn.init.normal_(module.weight, std=self.config.initializer_range)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
