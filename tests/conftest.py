"""What several test modules share: oracles, real images, and artifacts converted once per run."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from reference.checkpoints import Checkpoint, load_checkpoint
from reference.demo import scenes


@pytest.fixture(scope="session")
def demo() -> Checkpoint:
    """The bundled, trained checkpoint."""
    return load_checkpoint("demo")


@pytest.fixture(scope="session")
def photographs() -> list[Image.Image]:
    """Rendered validation scenes of many sizes, wide and tall."""
    return [scenes.render("validation", index).image for index in range(12)]


def logits_error(answer: np.ndarray | torch.Tensor, expected: np.ndarray | torch.Tensor) -> float:
    """Largest difference in units of the largest expected logit."""
    answer, expected = np.asarray(answer), np.asarray(expected)
    scale = np.abs(expected).max()
    assert scale > 1e-2, "a network that answers zeros proves nothing"
    return float(np.abs(answer - expected).max() / scale)
