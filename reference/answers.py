"""What the reference answers to an image, by what the answer means."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .checkpoints import Checkpoint
from .tensor_specs import Meaning


@torch.inference_mode()
def answer(checkpoint: Checkpoint, values: Tensor, meaning: Meaning) -> np.ndarray:
    """The network's own input [1, 3, H, W] -> its answer, without the batch axis, maps with their channels first."""
    output = checkpoint.model(values)
    if meaning == "class_map":
        height, width = values.shape[-2:]
        return checkpoint.processor.post_process_semantic_segmentation(output, [(height, width)])[0].numpy()
    if meaning == "probabilities":
        return torch.softmax(output.logits, dim=-1)[0].numpy()
    if meaning == "scores":
        return torch.sigmoid(output.logits)[0].numpy()
    named = {"features": "pooler_output", "feature_map": "last_hidden_state", "logits": "logits", "values": "logits"}
    return output[named[meaning]][0].numpy()


def answer_to_pixels(checkpoint: Checkpoint, pixels: np.ndarray, meaning: Meaning) -> np.ndarray:
    """The same for what an app hands over: uint8 RGB [H, W, 3]."""
    return answer(checkpoint, torch.from_numpy(checkpoint.processor.network_input(pixels))[None], meaning)
