"""What the TF models share: PyTorch checkpoints in and out, and NCHW at the border."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import keras
import tensorflow as tf
import torch

from ..config import MobileViTConfig
from ..errors import UserError
from ..pretrained import PreTrainedModel
from .errors import CallError
from .networks import mirror
from .outputs import TFModelOutput

Model = TypeVar("Model", bound="TFPreTrainedModel")


class TFPreTrainedModel(keras.Model):
    """Base class of the models. Their weights are those of a PyTorch model, under the same names."""

    torch_class: ClassVar[type[PreTrainedModel]]

    def __init__(self, config: MobileViTConfig, *, source: PreTrainedModel | None = None, **own: Any) -> None:
        """A model with the weights of `source`, or else with fresh ones; `own` as in `torch_class`."""
        super().__init__()
        if source is None:
            source = self.torch_class(config, **own)
        if not isinstance(source, self.torch_class):
            raise UserError(f"source must be a {self.torch_class.__name__}, not a {type(source).__name__}")
        self.config = source.config
        self._own = {name: getattr(source, name) for name in self.torch_class.own_arguments}
        self.network = mirror(source)
        # All weights are there: nothing is left to build. Saying so with a shape tells exporters what to feed.
        self.build({"pixel_values": (None, self.config.num_channels, *self.config.image_shape)})

    @classmethod
    def from_pretrained(
        cls: type[Model],
        pretrained_model_name_or_path: str | Path,
        *,
        from_pt: bool = True,
        **options: Any,
    ) -> Model:
        """Load a PyTorch checkpoint.

        Args:
            pretrained_model_name_or_path: a folder, a weights file, or a Hub id.
            from_pt: taken for transformers' sake; checkpoints are PyTorch's in any case.
            options: as in the PyTorch class; the weights are float32.

        Raises:
            UserError: when the files are missing or broken, or a tensor does not fit; the first one is named.
        """
        model = cls.torch_class.from_pretrained(pretrained_model_name_or_path, **options).cpu().float()
        return cls(model.config, source=model)

    def to_torch(self) -> PreTrainedModel:
        """The PyTorch model with these weights, in eval mode."""
        model = self.torch_class(self.config, **self._own)
        weights = {name: torch.from_numpy(array.copy()) for name, array in self.network.torch_state().items()}
        model.load_state_dict({**model.state_dict(), **weights})  # PyTorch's counters of training steps stay at zero
        return model.eval()

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write `save_directory`/config.json and model.safetensors, for the PyTorch class and transformers too."""
        self.to_torch().save_pretrained(save_directory)

    @property
    def mobilevit(self) -> Any:
        """The backbone's layer, for example for freezing it."""
        return getattr(self.network, "mobilevit", self.network)

    @property
    def dummy_inputs(self) -> dict[str, tf.Tensor]:
        """One image of the nominal size, as `call` takes it."""
        return {"pixel_values": tf.zeros((1, self.config.num_channels, *self.config.image_shape))}

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Keras's way to `call`; inputs in one dictionary of whatever class, the image processor's for one."""
        arguments = tuple(dict(each) if isinstance(each, Mapping) else each for each in arguments)
        return super().__call__(*arguments, **named)

    def build(self, input_shape: Any) -> None:
        """Nothing: Keras asks for it."""

    def predict_step(self, data: Any) -> dict[str, Any]:
        """A plain dictionary, which Keras's `predict` can join over the batches."""
        return dict(super().predict_step(data))

    def _answer(self, pixel_values: Any) -> tuple[Any, list[Any]]:
        """The network's own answer to NCHW images, and its stages: NHWC both."""
        if len(pixel_values.shape) != 4:
            raise CallError(f"pixel_values must be [batch, channels, height, width], not {pixel_values.shape}")
        if pixel_values.shape[1] not in (None, self.config.num_channels):
            raise CallError(
                f"pixel_values must have {self.config.num_channels} channels at their second place, "
                f"but their shape is {pixel_values.shape}"
            )
        images = tf.transpose(tf.cast(pixel_values, tf.float32), (0, 2, 3, 1))
        return self.network(images)

    def _shaped(
        self,
        kind: type[TFModelOutput],
        values: Mapping[str, Any],
        stages: list[Any],
        output_hidden_states: bool | None,
        return_dict: bool | None,
    ) -> Any:
        """`values` and the stages, if and how the caller or else the configuration wants them."""
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states
        if return_dict is None:
            return_dict = self.config.return_dict
        hidden = tuple(to_nchw(stage) for stage in stages) if output_hidden_states else None
        output = kind((name, value) for name, value in {**values, "hidden_states": hidden}.items() if value is not None)
        return output if return_dict else output.to_tuple()


def to_nchw(features: Any) -> Any:
    """[B, H, W, C] -> [B, C, H, W]"""
    return tf.transpose(features, (0, 3, 1, 2))


def unpack(pixel_values: Any, labels: Any = None) -> tuple[Any, Any]:
    """Images and labels, which may come as one dictionary, as in Keras's data sets."""
    if isinstance(pixel_values, Mapping):
        labels = pixel_values.get("labels") if labels is None else labels
        if "pixel_values" not in pixel_values:
            raise CallError(f"inputs need pixel_values, and have {', '.join(map(str, pixel_values)) or 'nothing'}")
        pixel_values = pixel_values["pixel_values"]
    return pixel_values, labels
