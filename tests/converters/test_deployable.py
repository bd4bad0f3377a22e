"""The exact rewrites: each alone, and all together, equal to the reference."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from converters.deployable import InputTransform, bake_input_into_stem, deployable, fold_batch_norm, input_transform
from reference.checkpoints import Checkpoint, load_checkpoint
from reference.config import SIZES

from ..conftest import logits_error

TOLERANCE = 1e-5  # of the largest logit


@pytest.fixture(params=["demo", *SIZES])
def checkpoint(request) -> Checkpoint:
    """Trained weights, and well-scaled random ones of every size."""
    return load_checkpoint("demo") if request.param == "demo" else load_checkpoint("random", request.param)


def bytes_and_input(checkpoint, photographs) -> tuple[torch.Tensor, torch.Tensor]:
    """The same pictures as RGB 0..255 and as the reference takes them, both [B, 3, H, W]."""
    pixels = np.stack([checkpoint.processor.resize_and_crop(image) for image in photographs[:4]])
    values = checkpoint.processor(photographs[:4], return_tensors="pt")["pixel_values"]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float(), values


@torch.no_grad()
def test_fold_batch_norm(checkpoint, photographs):
    _, values = bytes_and_input(checkpoint, photographs)
    network = copy.deepcopy(checkpoint.model)
    fold_batch_norm(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    assert logits_error(network(values).logits, checkpoint.model(values).logits) <= TOLERANCE


@torch.no_grad()
def test_bake_input(checkpoint, photographs):
    pixels, values = bytes_and_input(checkpoint, photographs)
    network = copy.deepcopy(checkpoint.model)
    bake_input_into_stem(network, input_transform(checkpoint))
    assert logits_error(network(pixels).logits, checkpoint.model(values).logits) <= TOLERANCE


@torch.no_grad()
@pytest.mark.parametrize("bake_input", [True, False])
def test_all_together(checkpoint, photographs, bake_input):
    pixels, values = bytes_and_input(checkpoint, photographs)
    before = copy.deepcopy(checkpoint.model.state_dict())
    answer = deployable(checkpoint, bake_input=bake_input)(pixels if bake_input else values)
    expected = torch.softmax(checkpoint.model(values).logits, dim=-1)
    assert (answer - expected).abs().max() <= TOLERANCE * checkpoint.model(values).logits.abs().max()
    after = checkpoint.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before), "the reference must stay as it is"


def test_rgb_checkpoints_are_not_flipped(checkpoint):
    network = copy.deepcopy(checkpoint.model)
    before = network.mobilevit.conv_stem.convolution.weight.clone()
    bake_input_into_stem(network, InputTransform("RGB", 0.5))
    assert torch.equal(network.mobilevit.conv_stem.convolution.weight, before * 0.5)


def test_baking_costs_half_precision_weights_nothing(demo, photographs):
    """Stem weights times 1/255, rounded to fp16 and widened again (TFLite float16 on a CPU), against rounding alone."""
    pixels, _ = bytes_and_input(demo, photographs)
    network = copy.deepcopy(demo.model)
    fold_batch_norm(network)
    stem = network.mobilevit.conv_stem.convolution

    def output(weight: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(pixels.flip(1).double(), weight.double(), stride=2)

    exact = output(stem.weight.double() / 255)
    plain = (output(stem.weight.half()) / 255 - exact).abs().max()
    baked = (output((stem.weight / 255).half()) - exact).abs().max()
    assert baked <= 1.2 * plain
    # What the README says of GPUs that flush subnormal numbers to zero.
    half = (stem.weight / 255).half()
    flushed = (output(torch.where(half.abs() < torch.finfo(torch.float16).tiny, 0, half)) - exact).abs().max()
    assert baked < flushed <= 0.003 * exact.abs().max()
