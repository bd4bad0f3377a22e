"""The reference network against Hugging Face's, on seeded, well-scaled weights."""

from __future__ import annotations

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.checkpoints import load_checkpoint
from reference.config import SIZES, MobileViTConfig
from reference.heads import MobileViTForImageClassification, MobileViTForSemanticSegmentation
from reference.layers import fold, unfold
from reference.mobilevit import MobileViTModel

from ..rounding import assert_as_exact, in_both_precisions


def oracle(model: MobileViTForImageClassification) -> transformers.MobileViTForImageClassification:
    """transformers' model with the same weights."""
    fields = {**model.config.to_dict(), "hidden_act": model.config.hidden_act}
    twin = transformers.MobileViTForImageClassification(transformers.MobileViTConfig(**fields)).eval()
    twin.load_state_dict(model.state_dict(), strict=True)
    return twin


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("height", "width"), [(256, 256), (200, 232), (129, 97)])
def test_logits_and_hidden_states_equal_the_oracle(size, height, width):
    model = load_checkpoint("random", size).model
    pixels = torch.rand((2, 3, height, width), generator=torch.Generator().manual_seed(height))
    with torch.no_grad():
        answer = model(pixels, output_hidden_states=True)
    exact, rounded = in_both_precisions(oracle(model), pixels, output_hidden_states=True)
    assert_as_exact(answer.logits, exact.logits, rounded.logits)
    assert len(answer.hidden_states) == len(exact.hidden_states) == 5
    for each in zip(answer.hidden_states, exact.hidden_states, rounded.hidden_states):
        assert_as_exact(*each)
    assert answer.logits[0].sub(answer.logits[1]).abs().max() > 1e-2, "the answer must depend on the image"


@pytest.mark.parametrize("expand_output", [True, False])
def test_backbone_equals_the_oracle(expand_output):
    source = load_checkpoint("random", "xxs").model
    config = source.config
    model = MobileViTModel(config, expand_output=expand_output).eval()
    twin = transformers.MobileViTModel(transformers.MobileViTConfig(**config.to_dict()), expand_output).eval()
    weights = {name: tensor for name, tensor in source.mobilevit.state_dict().items() if name in model.state_dict()}
    model.load_state_dict(weights, strict=True)
    twin.load_state_dict(weights, strict=True)
    pixels = torch.rand((1, 3, 128, 160), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        answer = model(pixels)
    exact, rounded = in_both_precisions(twin, pixels)
    assert_as_exact(answer.last_hidden_state, exact.last_hidden_state, rounded.last_hidden_state)
    if expand_output:
        assert_as_exact(answer.pooler_output, exact.pooler_output, rounded.pooler_output)
    else:
        assert answer.pooler_output is exact.pooler_output is None


def test_tuple_output_holds_the_same_values(demo):
    pixels = torch.rand((1, 3, 256, 256), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        named = demo.model(pixels, output_hidden_states=True)
        logits, hidden_states = demo.model(pixels, output_hidden_states=True, return_dict=False)
    assert torch.equal(named.logits, logits)
    assert torch.equal(named[0], logits)
    assert len(hidden_states) == 5


def test_defaults_are_the_oracles():
    for field, value in transformers.MobileViTConfig().to_dict().items():
        if hasattr(MobileViTConfig(), field) and field not in ("id2label", "label2id"):
            ours = getattr(MobileViTConfig(), field)
            assert ours == (list(value) if isinstance(value, tuple) else value), field


@pytest.mark.parametrize(
    ("size", "millions", "segmentation_millions"),
    # As published: timm's results table for the classifiers (1000 classes), Apple's model cards for DeepLabV3.
    [("xxs", 1.27, 1.9), ("xs", 2.32, 2.9), ("s", 5.58, 6.4)],
)
def test_sizes_have_the_published_number_of_parameters(size, millions, segmentation_millions):
    def count(model: torch.nn.Module) -> float:
        return sum(parameter.numel() for parameter in model.parameters()) / 1e6

    config = MobileViTConfig(**SIZES[size], num_labels=1000)
    assert count(MobileViTForImageClassification(config)) == pytest.approx(millions, abs=0.005)
    voc = MobileViTConfig(**SIZES[size], num_labels=21, output_stride=16)
    assert count(MobileViTForSemanticSegmentation(voc)) == pytest.approx(segmentation_millions, abs=0.05)
    assert config.size == voc.size == size
    assert MobileViTConfig(**{**SIZES[size], "patch_size": 4}).size is None


@given(
    batch=st.integers(1, 3),
    depth=st.integers(1, 5),
    rows=st.integers(1, 5),
    columns=st.integers(1, 5),
    patch=st.integers(1, 4),
)
@settings(max_examples=60)
def test_unfold_groups_pixels_by_their_place_in_the_patch(batch, depth, rows, columns, patch):
    height, width = rows * patch, columns * patch
    features = torch.arange(batch * depth * height * width).reshape(batch, depth, height, width)
    tokens = unfold(features, patch)
    assert tokens.shape == (batch * patch**2, rows * columns, depth)
    # Slicing with a stride of one patch is an independent way to say "the same place in every patch".
    expected = [
        image[:, y::patch, x::patch].flatten(1).T for image in features for y in range(patch) for x in range(patch)
    ]
    assert torch.equal(tokens, torch.stack(expected))
    assert torch.equal(fold(tokens, rows, columns, patch), features)
