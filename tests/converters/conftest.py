"""What several tests of converters look at: a peer's ONNX file, made once per run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from reference.checkpoints import BUNDLED


@pytest.fixture(scope="session")
def peer_onnx(tmp_path_factory):
    """What torch.onnx.export makes of the Hugging Face model with the demo checkpoint's weights."""
    from transformers import MobileViTForImageClassification

    model = MobileViTForImageClassification.from_pretrained(BUNDLED / "classification" / "xxs", dtype=torch.float32)
    path = tmp_path_factory.mktemp("peer") / "peer.onnx"
    torch.onnx.export(model.eval(), (torch.zeros(1, 3, 256, 256),), path, verbose=False)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
