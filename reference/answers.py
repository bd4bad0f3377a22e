"""What the reference answers to an image, by what the answer means."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .checkpoints import Checkpoint
from .errors import UserError
from .tensor_specs import Meaning


def meaning_of(checkpoint: Checkpoint) -> Meaning:
    """What the checkpoint's answer means: of a classifier as its problem_type says, or else its number of labels.

    One label is a regression, and several are classes of which one is true, unless problem_type says otherwise; so
    transformers chooses its loss.

    Raises:
        UserError: for one class of which one is true, which is no question.
    """
    if checkpoint.task != "classification":
        return "class_map" if checkpoint.task == "segmentation" else "features"
    config = checkpoint.model.config
    problem = config.problem_type or ("regression" if config.num_labels == 1 else "single_label_classification")
    if problem == "single_label_classification" and config.num_labels == 1:
        raise UserError(
            f"checkpoint {checkpoint.id}: its config.json has one label and problem_type {problem}, whose answer is "
            "always that label: set problem_type to regression or multi_label_classification"
        )
    meanings: dict[str, Meaning] = {
        "regression": "values",
        "single_label_classification": "probabilities",
        "multi_label_classification": "scores",
    }
    return meanings[problem]


@torch.inference_mode()
def answer(checkpoint: Checkpoint, values: Tensor, meaning: Meaning) -> np.ndarray:
    """The network's own input [1, C, H, W] -> its answer, without the batch axis, maps with their channels first."""
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
    """The same for what an app hands over: uint8 RGB [H, W, 3], or grey [H, W, 1]."""
    return answer(checkpoint, torch.from_numpy(checkpoint.processor.network_input(pixels))[None], meaning)
