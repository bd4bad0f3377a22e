"""The exact rewrites: each alone, and all together, equal to the reference."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from converters.deployable import bake_input_into_stem, deployable
from converters.passes import PASSES, fold_batch_norm, rewrite, without
from converters.preprocessing import InputTransform, input_transform
from reference import scenes
from reference.checkpoints import Checkpoint, load_checkpoint, published_processor
from reference.config import SIZES, TASKS
from reference.errors import UserError
from reference.layers import InvertedResidual
from reference.outputs import HeadOutput
from reference.transformer import SelfAttention

from ..rounding import assert_as_exact, log_softmax

TRAINED = [*(("demo", "xxs", task) for task in TASKS), ("demo", "xs", TASKS[0]), ("demo", "s", TASKS[0])]
RANDOM = [("random", size, task) for size in SIZES for task in TASKS[:2]]
CASES = [*TRAINED, *RANDOM[:2], *(pytest.param(each, marks=pytest.mark.deep) for each in RANDOM[2:])]


@dataclass(frozen=True)
class Case:
    """A checkpoint, pictures as RGB 0..255 and as the reference takes them [B, 3, H, W], and its raw answer.

    exact: the same answer, in float64.
    """

    checkpoint: Checkpoint
    pixels: torch.Tensor
    values: torch.Tensor
    answer: torch.Tensor
    exact: torch.Tensor


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, photographs) -> Case:
    """Trained weights of every task, and well-scaled random ones of every size; segmentation at half its size."""
    checkpoint = load_checkpoint(*request.param)
    if checkpoint.task == "segmentation":
        checkpoint = dataclasses.replace(checkpoint, processor=published_processor("segmentation", 256))
    pixels, values = bytes_and_input(checkpoint, photographs[:2])
    with torch.no_grad():
        answer = raw(checkpoint.model, values)
        if checkpoint.task == "segmentation" and checkpoint.id == "random":
            # Its favourite class would win everywhere, and any map would equal any other: give all the same mean.
            checkpoint.model.segmentation_head.classifier.convolution.bias -= answer.mean(dim=(0, 2, 3))
            answer = raw(checkpoint.model, values)
        exact = raw(copy.deepcopy(checkpoint.model).double(), values.double())
        return Case(checkpoint, pixels, values, answer, exact)


def bytes_and_input(checkpoint, photographs) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = np.stack([checkpoint.processor.resize_and_crop(image) for image in photographs])
    values = checkpoint.processor(photographs, return_tensors="pt")["pixel_values"]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float(), values


def raw(network, values: torch.Tensor) -> torch.Tensor:
    """What a network answers before any choice is made: logits, or the feature vector."""
    output = network(values)
    return output.logits if hasattr(output, "logits") else output.pooler_output


def expected_answer(case: Case) -> torch.Tensor:
    """What the deployable network must return, by the reference's own means."""
    if case.checkpoint.task == "features":
        return case.answer
    if case.checkpoint.task == "classification":
        return torch.softmax(case.answer, dim=-1)
    sizes = [case.values.shape[2:]] * len(case.values)
    output = HeadOutput(logits=case.answer)
    return torch.stack(case.checkpoint.processor.post_process_semantic_segmentation(output, sizes))


# What a pass must have in place to do anything.
NEEDS = {
    "fold-last-layer-norm": ["fold-batch-norm"],
    "center-residual-stream": ["fold-batch-norm", "fold-layer-norm", "fold-last-layer-norm"],
}


@torch.no_grad()
@pytest.mark.parametrize("name", PASSES)
def test_each_pass_keeps_the_function(case, name):
    """Alone, but for what it builds on; and it does change the network, where there is anything to do."""
    network, before = copy.deepcopy(case.checkpoint.model), copy.deepcopy(case.checkpoint.model)
    rewrite(before, NEEDS.get(name, []))
    rewrite(network, [*NEEDS.get(name, []), name])
    idle = name == "equalize-through-silu" and not has_uneven_channels(case.checkpoint)
    assert idle or parts(network) != parts(before)
    assert_as_exact(raw(network, case.values), case.exact, case.answer)


def has_uneven_channels(checkpoint: Checkpoint) -> bool:
    """As the trained xs and s do."""
    return checkpoint.id == "demo" and checkpoint.model.config.expand_ratio == 4


@torch.no_grad()
@pytest.mark.parametrize("size", ["xs", "s"])
def test_channels_of_uneven_range_become_even(size):
    """Judged by the largest value that each channel hands to the next convolution."""
    checkpoint = load_checkpoint("demo", size)
    _, values = bytes_and_input(checkpoint, [scenes.render("validation", index).image for index in range(4)])
    network = copy.deepcopy(checkpoint.model)
    before = unevenness(network, values)
    rewrite(network, ["equalize-through-silu"])
    after = unevenness(network, values)
    assert [name for name, ratio in before.items() if ratio > 10] == FIRST_BLOCK
    for name, ratio in before.items():
        assert after[name] < 5 if name in FIRST_BLOCK else after[name] == pytest.approx(ratio, rel=1e-3)


FIRST_BLOCK = [f"mobilevit.encoder.layer.0.layer.0.{reader}" for reader in ("conv_3x3", "reduce_1x1")]


def unevenness(network: torch.nn.Module, values: torch.Tensor) -> dict[str, float]:
    """Of what the convolutions within inverted residuals read: the largest channel's largest value to the median's."""
    seen: dict[str, float] = {}

    def hook(name: str):
        def keep(module, inputs):
            largest = inputs[0].amax(dim=(0, 2, 3))
            seen[name] = float(largest.max() / largest.median())

        return keep

    handles = [
        module.register_forward_pre_hook(hook(name))
        for name, module in network.named_modules()
        if name.endswith((".conv_3x3", ".reduce_1x1"))
    ]
    raw(network, values)
    for handle in handles:
        handle.remove()
    return seen


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
def test_equalizing_keeps_any_network(seed, photographs):
    """Channels whose ranges differ a hundredfold, in every inverted residual."""
    checkpoint = load_checkpoint("random", "xxs")
    network, generator = checkpoint.model, torch.Generator().manual_seed(seed)
    for block in network.modules():
        if isinstance(block, InvertedResidual):
            for layer, reader in ((block.expand_1x1, block.conv_3x3), (block.conv_3x3, block.reduce_1x1)):
                spread = 10 ** (2 * torch.rand(len(layer.normalization.weight), generator=generator) - 1)
                layer.normalization.weight *= spread
                weight = reader.convolution.weight
                weight /= spread.reshape((-1, 1, 1, 1) if weight.shape[1] == 1 else (1, -1, 1, 1))
    _, values = bytes_and_input(checkpoint, photographs[:2])
    answer, exact = raw(network, values), raw(copy.deepcopy(network).double(), values.double())
    assert answer.std() > 0.1
    rewrite(network, ["equalize-through-silu"])
    assert len([name for name, _ in network.named_modules() if name.endswith("gate")]) == 14
    assert_as_exact(raw(network, values), exact, answer)


def parts(network: torch.nn.Module) -> dict[str, float]:
    """Parameters, and what attention is told beside them."""
    found = {name: float(tensor.double().abs().sum()) for name, tensor in network.named_parameters()}
    attentions = {name: each for name, each in network.named_modules() if isinstance(each, SelfAttention)}
    return found | {f"{name}.split": each.split or 0.0 for name, each in attentions.items()}


@torch.no_grad()
def test_what_the_passes_leave(demo):
    """No BatchNorm, no LayerNorm or other affine norm, no bias on keys and values."""
    network = copy.deepcopy(demo.model)
    rewrite(network, PASSES)
    kinds = {type(module).__name__ for module in network.modules()}
    assert not kinds & {"BatchNorm2d", "LayerNorm"}
    names = dict(network.named_parameters())
    assert not [name for name in names if "norm" in name]
    assert not [name for name in names if name.endswith(("key.bias", "value.bias"))]
    again = copy.deepcopy(network)
    rewrite(again, PASSES)
    for name, tensor in again.named_parameters():
        assert torch.allclose(tensor, names[name], atol=1e-6), "a second round finds nothing to do"


def test_passes_can_be_left_out():
    assert without(("fold-batch-norm", "drop-key-bias"), ["drop-key-bias"]) == ("fold-batch-norm",)
    with pytest.raises(UserError, match="there is no pass fold-everything: choose among equalize-through-silu"):
        without(PASSES, ["fold-everything"])


@torch.no_grad()
def test_bake_input(case):
    network = copy.deepcopy(case.checkpoint.model)
    bake_input_into_stem(network, input_transform(case.checkpoint))
    assert_as_exact(raw(network, case.pixels), case.exact, case.answer)


@torch.no_grad()
@pytest.mark.parametrize("bake_input", [True, False])
def test_all_together(case, bake_input):
    model = case.checkpoint.model
    before = copy.deepcopy(model.state_dict())
    network = deployable(case.checkpoint, passes=PASSES, bake_input=bake_input)
    answer, expected = network(case.pixels if bake_input else case.values), expected_answer(case)
    if case.checkpoint.task == "features":
        answer, feature_map = answer
        assert torch.equal(answer, feature_map.mean(dim=(2, 3)))
    assert answer.shape == expected.shape
    if case.checkpoint.task == "segmentation":
        assert answer.dtype == torch.int32
        assert len(expected.unique()) > 1
        assert (answer != expected).float().mean() < 1e-4, "pixels between two classes may fall either way"
    else:
        values = answer, expected_answer(dataclasses.replace(case, answer=case.exact)), expected
        assert_as_exact(*(map(log_softmax, values) if case.checkpoint.task == "classification" else values))
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before), "the reference must stay as it is"


def test_rgb_checkpoints_are_not_flipped(demo):
    network = copy.deepcopy(demo.model)
    stem = network.backbone.conv_stem.convolution
    before = stem.weight.clone()
    assert bake_input_into_stem(network, InputTransform("RGB", (0.5,) * 3, (0.0,) * 3)) is None
    assert torch.equal(stem.weight, before * 0.5)


def test_baking_costs_half_precision_weights_nothing(demo, photographs):
    """Stem weights times 1/255, rounded to fp16 and widened again (TFLite float16 on a CPU), against rounding alone."""
    pixels, _ = bytes_and_input(demo, photographs[:4])
    network = copy.deepcopy(demo.model)
    fold_batch_norm(network)
    stem = network.mobilevit.conv_stem.convolution

    def output(weight: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(pixels.flip(1).double(), weight.double(), stride=2)

    exact = output(stem.weight.double() / 255)
    plain = (output(stem.weight.half()) / 255 - exact).abs().max()
    baked = (output((stem.weight / 255).half()) - exact).abs().max()
    assert baked <= 1.2 * plain
    # What GPUs lose that flush subnormal numbers to zero.
    half = (stem.weight / 255).half()
    flushed = (output(torch.where(half.abs() < torch.finfo(torch.float16).tiny, 0, half)) - exact).abs().max()
    assert baked < flushed <= 0.003 * exact.abs().max()
