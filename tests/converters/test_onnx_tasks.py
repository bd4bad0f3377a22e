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

from ..rounding import assert_as_exact, in_both_precisions, log_softmax


@pytest.mark.parametrize(
    ("task", "size", "output", "side", "batch"),
    # 200 leaves feature maps that patches do not tile.
    [("classification", "xs", "answer", 200, 1), ("features", "s", "answer", 96, 3),
     pytest.param("segmentation", "s", "logits", 160, 1, marks=pytest.mark.deep),
     pytest.param("segmentation", "xxs", "answer", 160, 2, marks=pytest.mark.deep)],
)  # fmt: skip
@torch.no_grad()
def test_equals_pytorch(task, size, output, side, batch):
    checkpoint = load_checkpoint("random", size, task)
    coarse = torch.rand((batch, 3, 9, 9), generator=torch.Generator().manual_seed(1)) * 255
    image = torch.nn.functional.interpolate(coarse, size=(side, side)).round().to(torch.uint8)
    network = deployable(checkpoint, passes=KEEPING_LAYER_NORM, bake_input=True, output=output)
    both = in_both_precisions(network, image.float())
    pixels = image.permute(0, 2, 3, 1)
    model = to_onnx(network, pixels, dynamic_batch=False, opset=23)
    check(model)
    run = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run
    answers = run(list(network.meanings), {"image": pixels.numpy()})
    several = isinstance(both[0], tuple)
    for meaning, answer, exact, values in zip(
        network.meanings, answers, *(both if several else [(each,) for each in both])
    ):
        assert answer.shape == values.shape
        if meaning == "class_map":
            assert answer.dtype == np.int32
            assert len(np.unique(values)) > 3
            assert (answer != values.numpy()).mean() <= 1e-3  # where two classes tie, rounding decides
        elif meaning == "probabilities":
            assert_as_exact(*map(log_softmax, (answer, exact, values)))
        else:
            assert_as_exact(answer, exact, values)
