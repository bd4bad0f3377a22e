"""The reference itself."""

from __future__ import annotations

import numpy as np
import torch

from reference.checkpoints import Checkpoint


class PyTorchRuntime:
    """The PyTorch reference, with its own second half of the preprocessing."""

    name = "PyTorch"

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._model, self._processor = checkpoint.model, checkpoint.processor

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        values = torch.from_numpy(self._processor.network_input(pixels))[None]
        with torch.inference_mode():
            return torch.softmax(self._model(values).logits, dim=-1)[0].numpy()
