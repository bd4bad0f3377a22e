"""What the models return: named fields, or the same values as a tuple.

B batch, C channels, H and W feature-map pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor


@dataclass(eq=False)
class ModelOutput(Mapping[Any, Any]):
    """Base of the named outputs: `output.logits`, `output["logits"]`, `output[0]`, and a mapping of names to values.

    Fields that are None are left out of the mapping and of the tuple form.
    """

    def to_tuple(self) -> tuple[Any, ...]:
        return tuple(self.values())

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in fields(self) if getattr(self, field.name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __getitem__(self, key: int | slice | str) -> Any:
        if not isinstance(key, str):
            return self.to_tuple()[key]
        if key not in self:
            raise KeyError(key)
        return getattr(self, key)


@dataclass(eq=False)
class BackboneOutput(ModelOutput):
    """Output of MobileViTModel.

    last_hidden_state: [B, C, H, W]; pooler_output: [B, C], its mean over H and W, None without the last expansion;
    hidden_states: the five encoder stages' outputs [B, C, H, W], None unless asked for.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


@dataclass(eq=False)
class HeadOutput(ModelOutput):
    """Output of the models with a head.

    loss: scalar, None without labels; logits before softmax: [B, num_labels] for classification,
    [B, num_labels, H, W] for segmentation; hidden_states: as in BackboneOutput.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
