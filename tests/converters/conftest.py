"""What several tests of converters look at: ONNX artifacts of the demo checkpoint, and a peer's, made once per run."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from onnx import ModelProto

from converters.artifact import Written
from reference.checkpoints import BUNDLED


@pytest.fixture(scope="session")
def onnx_file(demo, tmp_path_factory):
    """quantize -> the artifact; exported once for all, since that takes longest."""
    from converters.onnx import convert

    done: dict[str, Written] = {}
    exported: list[ModelProto] = []
    export = convert.to_onnx

    def export_once(*arguments, **options) -> ModelProto:
        if not exported:
            exported.append(export(*arguments, **options))
        return copy.deepcopy(exported[0])

    def get(quantize: str = "none") -> Written:
        if quantize not in done:
            folder = tmp_path_factory.mktemp(quantize)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(convert, "to_onnx", export_once)
                done[quantize] = convert.convert(demo, folder, quantize=quantize, calibration_samples=24)
        return done[quantize]

    return get


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
