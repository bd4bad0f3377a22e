"""Prepared images side by side, in the form that the caller's framework takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import UserError


class BatchFeature(dict[str, Any]):
    """What the image processor returns: a dictionary whose values are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *where: Any, **how: Any) -> BatchFeature:
        """Move every tensor, as torch's `Tensor.to` does; whole numbers such as labels keep their type."""

        def moved(value: Any) -> Any:
            if not hasattr(value, "to"):
                return value
            there = value.to(*where, **how)
            return there if value.is_floating_point() else value.to(there.device)

        return BatchFeature({name: moved(value) for name, value in self.items()})


def as_batch(arrays: list[np.ndarray], return_tensors: str | None) -> Any:
    """Arrays of one shape as one array ("np") or tensor ("pt", "tf") with a batch axis in front; None: as they are."""
    if return_tensors is None:
        return arrays
    if return_tensors not in ("np", "pt", "tf"):
        raise UserError(f"return_tensors must be 'np', 'pt', 'tf' or None, not {return_tensors!r}")
    if not arrays:
        raise UserError("there is no image to make a batch of: give one at least")
    if len({array.shape for array in arrays}) != 1:
        raise UserError("images of different sizes do not fit into one batch: crop them, or leave return_tensors out")
    stacked = np.stack(arrays)
    if return_tensors == "np":
        return stacked
    if return_tensors == "tf":
        from .extras import require

        require("tflite", "tensorflow")
        import tensorflow as tf

        return tf.constant(stacked)
    import torch

    return torch.from_numpy(stacked)
