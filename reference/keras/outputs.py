"""What the TF models return: fields by name, by key or by position."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class TFModelOutput(OrderedDict[str, Any]):
    """The fields that there are, in order: `output.logits`, `output["logits"]`, `output[0]`; None where there is none.

    A dictionary, and not one of reference.outputs, because TensorFlow takes dictionaries apart: traced and exported
    functions may return them.
    """

    fields: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name in type(self).fields:
            return self.get(name)
        raise AttributeError(f"{type(self).__name__} has no field {name}")

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def to_tuple(self) -> tuple[Any, ...]:
        return tuple(self.values())


class TFBackboneOutput(TFModelOutput):
    """Output of TFMobileViTModel; see reference.outputs.BackboneOutput."""

    fields = ("last_hidden_state", "pooler_output", "hidden_states")


class TFHeadOutput(TFModelOutput):
    """Output of the models with a head; see reference.outputs.HeadOutput."""

    fields = ("loss", "logits", "hidden_states")
