"""Heads, losses, gradients and checkpoints against transformers' own, on well-scaled weights."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

import reference
from reference import MobileViTConfig, MobileViTForImageClassification, MobileViTImageProcessor, MobileViTModel
from reference.config import SIZES
from reference.errors import UserError
from reference.initialise import randomise

from ..rounding import assert_as_exact, in_both_precisions, loss

WITH_HEAD = ("MobileViTForImageClassification", "MobileViTForSemanticSegmentation")
TINY = {
    "hidden_sizes": [16, 24, 32],
    "neck_hidden_sizes": [8, 8, 16, 16, 24, 24, 40],
    "expand_ratio": 2.0,
    "aspp_out_channels": 24,
}


def pair(kind: str, **fields):
    """Our model and transformers', with the same well-scaled weights, in eval mode."""
    ours = getattr(reference, kind)(MobileViTConfig(**fields))
    randomise(ours, seed=3)
    theirs = getattr(transformers, kind)(transformers.MobileViTConfig(**ours.config.to_dict())).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def pixels(*shape: int) -> torch.Tensor:
    coarse = torch.rand((shape[0], 3, 7, 7), generator=torch.Generator().manual_seed(shape[-1]))
    return torch.nn.functional.interpolate(coarse, size=shape[-2:], mode="bilinear")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_segmentation_equals_the_oracle(size, output_stride):
    ours, theirs = pair("MobileViTForSemanticSegmentation", **SIZES[size], output_stride=output_stride, num_labels=21)
    images = pixels(2, 3, 160, 136)
    labels = torch.randint(0, 21, (2, 80, 68), generator=torch.Generator().manual_seed(0))
    labels[:, :9] = 255  # the ignored label
    with torch.no_grad():
        answer = ours(images, labels=labels, output_hidden_states=True)
    exact, rounded = in_both_precisions(theirs, images, labels=labels, output_hidden_states=True)
    assert_as_exact(answer.logits, exact.logits, rounded.logits)
    assert_as_exact(answer.loss, exact.loss, rounded.loss)
    for each in zip(answer.hidden_states, exact.hidden_states, rounded.hidden_states):
        assert_as_exact(*each)


def test_published_segmentation_resolution():
    ours, _ = pair("MobileViTForSemanticSegmentation", **SIZES["xxs"], output_stride=16, num_labels=21)
    with torch.no_grad():
        assert ours(pixels(1, 3, 512, 512)).logits.shape == (1, 21, 32, 32)


@pytest.mark.parametrize(
    ("num_labels", "problem_type", "labels"),
    [
        (1, None, torch.tensor([0.5, -1.0])),
        (4, None, torch.tensor([3, 0])),
        (4, None, torch.tensor([3, 0], dtype=torch.int32)),
        (4, None, torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])),
        (4, "regression", torch.tensor([[0.1, 2.0, -1.0, 0.4], [1, 2, 3, 4]])),
        (4, "multi_label_classification", torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])),
    ],
)
def test_classification_loss_and_gradients_equal_the_oracles(num_labels, problem_type, labels):
    extra = {"problem_type": problem_type} if problem_type else {}
    ours, theirs = pair("MobileViTForImageClassification", **TINY, num_labels=num_labels, **extra)
    images = pixels(2, 3, 64, 72)
    compare_gradients(ours, theirs, images, labels)


def test_segmentation_gradients_equal_the_oracles():
    ours, theirs = pair("MobileViTForSemanticSegmentation", **TINY, output_stride=16, num_labels=5)
    images = pixels(2, 3, 64, 64)
    labels = torch.randint(0, 5, (2, 64, 64), generator=torch.Generator().manual_seed(1))
    compare_gradients(ours, theirs, images, labels)


def compare_gradients(ours, theirs, images, labels):
    """Losses, and the gradients of all weights side by side, so that those near zero weigh what they are."""
    known = labels.long() if labels.dtype == torch.int32 else labels  # transformers takes no other integers
    exact = copy.deepcopy(theirs).double()
    losses = [
        ours(images, labels=labels).loss,
        exact(images.double(), labels=known.double() if known.is_floating_point() else known).loss,
        theirs(images, labels=known).loss,
    ]
    assert_as_exact(*(each.detach() for each in losses))
    for each in losses:
        each.backward()
    names = [name for name, _ in ours.named_parameters()]
    assert_as_exact(*(
        torch.cat([model.get_parameter(name).grad.flatten() for name in names]) for model in (ours, exact, theirs)
    ))  # fmt: skip


def test_training_mode_equals_the_oracle():
    """BatchNorm over the batch, and its running statistics; dropout off, since its random numbers cannot be shared."""
    off = dict.fromkeys(("hidden_dropout_prob", "classifier_dropout_prob", "aspp_dropout_prob"), 0.0)
    ours, theirs = pair("MobileViTForSemanticSegmentation", **TINY, **off, output_stride=16, num_labels=5)
    ours.train()
    theirs.train()
    images = pixels(3, 3, 64, 64)
    exact = copy.deepcopy(theirs).double()
    with torch.no_grad():
        answers = [model(images.to(dtype)).logits for model, dtype in
                   ((ours, torch.float32), (exact, torch.float64), (theirs, torch.float32))]  # fmt: skip
    assert_as_exact(*answers)
    for name, buffer in exact.named_buffers():
        if buffer.abs().max() > 0:
            assert_as_exact(ours.get_buffer(name), buffer, theirs.get_buffer(name), name)


def test_dropout_is_where_the_oracle_has_it():
    ours, theirs = pair(
        "MobileViTForSemanticSegmentation", **TINY, hidden_dropout_prob=0.11, attention_probs_dropout_prob=0.12,
        classifier_dropout_prob=0.13, aspp_dropout_prob=0.14,
    )  # fmt: skip

    def places(model):
        kinds = (torch.nn.Dropout, torch.nn.Dropout2d)
        return {(name, type(m).__name__, m.p) for name, m in model.named_modules() if isinstance(m, kinds)}

    assert places(ours) == places(theirs)


@pytest.mark.parametrize("kind", WITH_HEAD)
def test_initialisation_is_the_documented_one(kind):
    torch.manual_seed(0)  # a bound of three standard errors would else be passed by chance in one run of many
    ours = getattr(reference, kind)(MobileViTConfig(**SIZES["xxs"], initializer_range=0.05))
    theirs = getattr(transformers, kind)(transformers.MobileViTConfig(**ours.config.to_dict()))
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        if expected[name].numel() > 500:
            assert parameter.std().item() == pytest.approx(expected[name].std().item(), rel=0.15, abs=1e-6), name
        elif expected[name].std() == 0:
            assert torch.equal(parameter, expected[name]), name


@pytest.mark.parametrize("kind", [*WITH_HEAD, "MobileViTModel"])
def test_checkpoints_go_both_ways_byte_for_byte(kind, tmp_path):
    ours, theirs = pair(kind, **TINY)
    ours.save_pretrained(tmp_path / "ours")
    theirs.save_pretrained(tmp_path / "theirs")
    from_ours = getattr(transformers, kind).from_pretrained(tmp_path / "ours").state_dict()
    from_theirs = getattr(reference, kind).from_pretrained(tmp_path / "theirs").state_dict()
    for name, tensor in ours.state_dict().items():
        assert torch.equal(from_ours[name], tensor), name
        assert torch.equal(from_theirs[name], tensor), name
    mine, other = (load_file(tmp_path / who / "model.safetensors") for who in ("ours", "theirs"))
    assert {n: t.numpy().tobytes() for n, t in mine.items()} == {n: t.numpy().tobytes() for n, t in other.items()}


@pytest.mark.parametrize("expand_output", [True, False])
@pytest.mark.parametrize("kind", WITH_HEAD)
def test_a_backbone_takes_its_part_of_a_checkpoint_with_a_head(kind, expand_output, tmp_path):
    ours, _ = pair(kind, **TINY)
    ours.save_pretrained(tmp_path)
    if kind == "MobileViTForSemanticSegmentation" and expand_output:
        with pytest.raises(UserError, match="lacks tensor conv_1x1_exp"):
            MobileViTModel.from_pretrained(tmp_path)
        return
    backbone = MobileViTModel.from_pretrained(tmp_path, expand_output=expand_output)
    images = pixels(1, 3, 64, 64)
    with torch.no_grad():
        expected = ours.mobilevit(images, output_hidden_states=True)
        answer = backbone(images, output_hidden_states=True)
    assert torch.equal(answer.hidden_states[-1], expected.hidden_states[-1])


def test_a_new_head_for_other_classes(tmp_path):
    ours, _ = pair("MobileViTForImageClassification", **TINY, num_labels=4)
    ours.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="classifier.weight has shape"):
        MobileViTForImageClassification.from_pretrained(tmp_path, num_labels=7)
    tuned = MobileViTForImageClassification.from_pretrained(tmp_path, num_labels=7, ignore_mismatched_sizes=True)
    assert tuned.classifier.weight.shape == (7, 40)
    assert tuned.config.num_labels == 7
    assert torch.equal(tuned.mobilevit.conv_stem.convolution.weight, ours.mobilevit.conv_stem.convolution.weight)


def test_output_forms_follow_the_configuration():
    fields = dict(**TINY, output_hidden_states=True, return_dict=False)
    ours, _ = pair("MobileViTForImageClassification", **fields)
    with torch.no_grad():
        logits, hidden_states = ours(pixels(1, 3, 64, 64))
        named = ours(pixels(1, 3, 64, 64), return_dict=True)
    assert torch.equal(named.logits, logits)
    assert torch.equal(named["logits"], logits)
    assert len(hidden_states) == 5


def test_one_class_segmentation_loss_is_refused():
    ours, _ = pair("MobileViTForSemanticSegmentation", **TINY, num_labels=1)
    with pytest.raises(UserError, match="more than one label"):
        ours(pixels(1, 3, 64, 64), labels=torch.zeros(1, 64, 64, dtype=torch.long))


CONFIGURATIONS = st.fixed_dictionaries(
    {
        "hidden_sizes": st.lists(st.sampled_from([8, 16, 24]), min_size=3, max_size=3),
        "neck_hidden_sizes": st.lists(st.sampled_from([8, 16, 24]), min_size=7, max_size=7),
        "num_attention_heads": st.sampled_from([1, 2, 4]),
        "mlp_ratio": st.sampled_from([1.0, 2.0, 2.5]),
        "expand_ratio": st.sampled_from([1.0, 1.5, 2.0, 4.0]),
        "hidden_act": st.sampled_from(["silu", "relu", "gelu", "gelu_new", "relu6", "leaky_relu", "mish", "tanh"]),
        "conv_kernel_size": st.sampled_from([1, 3, 5]),
        "patch_size": st.sampled_from([1, 2, 3, 4]),
        "output_stride": st.sampled_from([8, 16, 32]),
        "qkv_bias": st.booleans(),
        "layer_norm_eps": st.sampled_from([1e-5, 1e-3]),
        "aspp_out_channels": st.sampled_from([8, 12]),
        "atrous_rates": st.lists(st.integers(1, 7), min_size=3, max_size=3),
        "num_labels": st.integers(2, 6),
    }
)


@given(
    kind=st.sampled_from(WITH_HEAD),
    fields=CONFIGURATIONS,
    height=st.integers(33, 110),
    width=st.integers(33, 110),
)
@settings(max_examples=25)
def test_any_configuration_and_image_size_equals_the_oracle(kind, fields, height, width):
    """A failure shrinks to arguments that can be pasted into MobileViTConfig.

    In double precision: in single, a drawn network may lift rounding itself above any tolerance worth having.
    """
    ours, theirs = pair(kind, **fields)
    images = pixels(1, 3, height, width).double()
    with torch.no_grad():
        answer, expected = ours.double()(images).logits, theirs.double()(images).logits
    assert answer.shape == expected.shape
    assert loss(answer, expected) <= 1e-9, "float64 rounds at 1e-16: seven digits are left to any network"


def test_processor_from_a_folder(tmp_path):
    transformers.MobileViTImageProcessorPil(size={"shortest_edge": 300}, resample=2).save_pretrained(tmp_path)
    assert MobileViTImageProcessor.from_pretrained(tmp_path).size == {"shortest_edge": 300}
