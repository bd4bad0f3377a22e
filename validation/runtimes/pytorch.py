"""The reference itself."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from reference.checkpoints import Checkpoint
from reference.manifest import Meaning

# What an artifact for a task is asked for, unless its manifest says otherwise.
MEANINGS: dict[str, Meaning] = {
    "classification": "probabilities",
    "segmentation": "class_map",
    "features": "features",
}


class PyTorchRuntime:
    """The PyTorch reference, with its own second half of the preprocessing.

    Args:
        meaning: what to answer with, see OutputSpec; None: what the task is about.
    """

    name = "PyTorch"

    def __init__(self, checkpoint: Checkpoint, meaning: Meaning | None = None) -> None:
        self.checkpoint = checkpoint
        self._meaning = meaning or MEANINGS[checkpoint.task]

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB pixels [H, W, 3] -> the answer, without the batch axis; see Runtime."""
        return self.answer(torch.from_numpy(self.checkpoint.processor.network_input(pixels))[None])

    @torch.inference_mode()
    def answer(self, values: Tensor) -> np.ndarray:
        """The network's own input [1, 3, H, W] -> the answer, without the batch axis."""
        output = self.checkpoint.model(values)
        if self._meaning == "class_map":
            height, width = values.shape[-2:]
            return self.checkpoint.processor.post_process_semantic_segmentation(output, [(height, width)])[0].numpy()
        if self._meaning == "probabilities":
            return torch.softmax(output.logits, dim=-1)[0].numpy()
        named = {"features": "pooler_output", "feature_map": "last_hidden_state", "logits": "logits"}
        return output[named[self._meaning]][0].numpy()
