"""Core ML's form of the network, in PyTorch, against the network itself."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch

from converters.channels_first import ChannelsFirstBlock, SplitPyramid, to_channels_first
from converters.coreml.operations import FORM, channel_norm, depth_to_space, space_to_depth
from converters.passes import KEEPING_LAYER_NORM, rewrite
from reference import MobileViTConfig, MobileViTForImageClassification, MobileViTForSemanticSegmentation
from reference.initialise import randomise

from ..rounding import assert_as_exact, in_both_precisions

TINY = {
    "hidden_sizes": [16, 16, 24],
    "neck_hidden_sizes": [8, 8, 16, 16, 24, 24, 32],
    "num_attention_heads": 2,
    "aspp_out_channels": 12,
    "num_labels": 5,
}
SHAPES = [(32,), (8, 32), (8,), (5, 8)]  # of LayerNorms and linear layers in turn


@pytest.mark.parametrize("passes", [(), KEEPING_LAYER_NORM], ids=["as trained", "rewritten"])
@pytest.mark.parametrize(
    ("kind", "fields", "height", "width"),
    [
        (MobileViTForImageClassification, {}, 128, 192),
        (MobileViTForImageClassification, {"patch_size": 1}, 64, 64),
        (MobileViTForImageClassification, {"patch_size": 3, "qkv_bias": False}, 96, 96),
        (MobileViTForImageClassification, {"patch_size": 4, "hidden_act": "gelu"}, 90, 113),  # maps are stretched
        (partial(MobileViTForImageClassification, classifier_shapes=SHAPES), {}, 64, 64),
        (MobileViTForSemanticSegmentation, {"output_stride": 16}, 128, 128),
        (MobileViTForSemanticSegmentation, {"output_stride": 8, "atrous_rates": [2, 3, 5]}, 97, 128),
    ],
)
@torch.no_grad()
def test_computes_the_same(kind, fields, height, width, passes):
    network = kind(MobileViTConfig(**{**TINY, **fields})).eval()
    randomise(network, 3)
    rewrite(network, passes)
    converted = copy.deepcopy(network)
    to_channels_first(converted, FORM)
    assert sum(isinstance(module, ChannelsFirstBlock) for module in converted.modules()) == 3
    images = torch.rand((3, 3, height, width), generator=torch.Generator().manual_seed(1))
    exact, rounded = in_both_precisions(network, images)
    for several in (images, images[:1]):
        count = len(several)
        assert_as_exact(converted(several).logits, exact.logits[:count], rounded.logits[:count])


@pytest.mark.parametrize("side", [2, 3])
def test_core_ai_moves_pixels_to_patches_and_back(side):
    form = pytest.importorskip("converters.coreai.operations", reason="NOT RUN: coreai-torch is not installed").FORM
    features = torch.arange(2 * 5 * 6 * 12.0).reshape(2, 5, 6, 12)
    patches = form.to_patches(features, side)
    sequences = patches.reshape(-1, 5, patches[0, 0].numel())
    places = {
        frozenset(features[image, :, row::side, column::side].flatten().tolist())
        for image in range(2)
        for row in range(side)
        for column in range(side)
    }
    assert {frozenset(each.flatten().tolist()) for each in sequences} == places
    assert torch.equal(form.from_patches(patches, side), features)


def test_the_pyramid_is_split_where_batch_norm_is_folded():
    network = MobileViTForSemanticSegmentation(MobileViTConfig(**TINY)).eval()
    rewrite(network, KEEPING_LAYER_NORM)
    to_channels_first(network, FORM)
    assert isinstance(network.segmentation_head.aspp, SplitPyramid)


@pytest.mark.parametrize(("operator", "arguments"), [
    (channel_norm, (torch.rand(2, 6, 1, 5), torch.rand(6), torch.rand(6), 1e-5)),
    (channel_norm, (torch.rand(2, 6, 1, 5), None, None, 1e-3)),
    (space_to_depth, (torch.rand(1, 3, 4, 6), 2)),
    (depth_to_space, (torch.rand(1, 18, 2, 2), 3)),
])  # fmt: skip
def test_operators_keep_pytorchs_rules(operator, arguments):
    """Shapes without values, no aliasing, as PyTorch checks them."""
    torch.library.opcheck(operator, arguments, test_utils=("test_schema", "test_faketensor"))


def test_space_to_depth_is_tensorflows():
    import tensorflow as tf

    features = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    expected = tf.nn.space_to_depth(features.permute(0, 2, 3, 1).numpy(), 2).numpy().transpose(0, 3, 1, 2)
    moved = space_to_depth(features, 2)
    assert torch.equal(moved, torch.from_numpy(expected))
    assert torch.equal(depth_to_space(moved, 2), features)
