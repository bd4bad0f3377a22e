"""The .onnx files of the other tasks and sizes, in ONNX Runtime, against PyTorch."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from converters.deployable import deployable
from converters.onnx.export import check, to_onnx
from converters.passes import KEEPING_LAYER_NORM
from reference.checkpoints import load_checkpoint

from ..conftest import logits_error


@pytest.mark.parametrize(
    ("task", "size", "output", "side"),
    # 200 leaves feature maps that patches do not tile.
    [("classification", "xs", "mask", 200), ("segmentation", "s", "logits", 160), ("features", "s", "mask", 96),
     ("segmentation", "xxs", "mask", 160)],
)  # fmt: skip
@torch.no_grad()
def test_equals_pytorch(task, size, output, side):
    checkpoint = load_checkpoint("random", size, task)
    coarse = torch.rand((1, 3, 9, 9), generator=torch.Generator().manual_seed(1)) * 255
    image = torch.nn.functional.interpolate(coarse, size=(side, side)).round().to(torch.uint8)
    network = deployable(checkpoint, passes=KEEPING_LAYER_NORM, bake_input=True, output=output)
    expected = network(image.float())
    pixels = image.permute(0, 2, 3, 1)
    model = to_onnx(network, pixels, dynamic_batch=False, opset=23)
    check(model)
    run = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run
    answers = run(list(network.meanings), {"image": pixels.numpy()})
    for meaning, answer, values in zip(
        network.meanings, answers, expected if isinstance(expected, tuple) else (expected,)
    ):
        assert answer.shape == values.shape
        if meaning == "class_map":
            assert answer.dtype == np.int32
            assert len(np.unique(values)) > 3
            assert (answer != values.numpy()).mean() <= 1e-3  # where two classes tie, rounding decides
        elif meaning == "probabilities":
            assert logits_error(np.log(answer) - np.log(answer).max(), values.log() - values.log().max()) <= 1e-5
        else:
            assert logits_error(answer, values) <= 1e-5
