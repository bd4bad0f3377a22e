"""The reference itself."""

from __future__ import annotations

import numpy as np
import torch

from reference.checkpoints import Checkpoint


class PyTorchRuntime:
    """The PyTorch reference, with its own second half of the preprocessing."""

    name = "PyTorch"

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB pixels [H, W, 3] -> probabilities, a class per pixel, or features; see Runtime."""
        processor = self._checkpoint.processor
        values = torch.from_numpy(processor.network_input(pixels))[None]
        with torch.inference_mode():
            output = self._checkpoint.model(values)
        if self._checkpoint.task == "segmentation":
            return processor.post_process_semantic_segmentation(output, [pixels.shape[:2]])[0].numpy()
        if self._checkpoint.task == "features":
            return output.pooler_output[0].numpy()
        return torch.softmax(output.logits, dim=-1)[0].numpy()
