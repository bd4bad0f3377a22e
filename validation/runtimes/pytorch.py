"""The reference itself."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from reference import answers
from reference.checkpoints import Checkpoint
from reference.tensor_specs import Meaning

from .runtime import Runtime


class PyTorchRuntime(Runtime):
    """The PyTorch reference, with its own second half of the preprocessing.

    Args:
        meaning: what to answer with, see OutputSpec; None: what its task is about.
    """

    name = "PyTorch"

    def __init__(self, checkpoint: Checkpoint, meaning: Meaning | None = None) -> None:
        self.checkpoint = checkpoint
        self._meaning = meaning or answers.meaning_of(checkpoint)

    @staticmethod
    def check_here() -> None:
        """See Runtime. The kit stands on PyTorch: it is always here."""

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime; of one image."""
        return answers.answer_to_pixels(self.checkpoint, images[0], self._meaning)[None]

    def answer(self, values: Tensor) -> np.ndarray:
        """The network's own input [1, 3, H, W] -> the answer, without the batch axis."""
        return answers.answer(self.checkpoint, values, self._meaning)
