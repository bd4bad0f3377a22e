"""What the models return: named fields, or the same values as a tuple.

B batch, C channels, H and W feature-map pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor


@dataclass
class ModelOutput:
    """Base of the named outputs: fields that are None are left out of the tuple form."""

    def to_tuple(self) -> tuple[Any, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if value is not None)

    def __getitem__(self, index: int | slice | str) -> Any:
        return getattr(self, index) if isinstance(index, str) else self.to_tuple()[index]


@dataclass
class BackboneOutput(ModelOutput):
    """Output of MobileViTModel.

    last_hidden_state: [B, C, H, W]; pooler_output: [B, C], its mean over H and W, None without the last expansion;
    hidden_states: the five encoder stages' outputs [B, C, H, W], None unless asked for.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


@dataclass
class HeadOutput(ModelOutput):
    """Output of the models with a head.

    loss: scalar, None without labels; logits before softmax: [B, num_labels] for classification,
    [B, num_labels, H, W] for segmentation; hidden_states: as in BackboneOutput.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
