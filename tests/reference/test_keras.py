"""The TF classes against the PyTorch reference, on well-scaled weights."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch

import reference
from reference import MobileViTConfig
from reference.config import SIZES
from reference.errors import UserError

from ..rounding import assert_as_exact, in_both_precisions
from .keras_twins import BACKBONE, CLASSIFIER, DEMO, SEGMENTER, TINY, pair, pixels


def assert_equal(answer, model, images, **options):
    """Every field there is, hidden states one by one."""
    exact, rounded = in_both_precisions(model, images, **options)
    assert list(answer) == [name for name, value in vars(exact).items() if value is not None]
    for name in answer:
        values = answer[name], exact[name], rounded[name]
        for each in zip(*values, strict=True) if name == "hidden_states" else [values]:
            assert_as_exact(*each, name)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("kind", "fields", "side"),
    [(CLASSIFIER, {"num_labels": 1000}, 256), (SEGMENTER, {"num_labels": 21, "output_stride": 16}, 256)],
)
@torch.no_grad()
def test_published_architectures_equal_the_reference(size, kind, fields, side):
    model, twin = pair(kind, **SIZES[size], **fields)
    images = pixels(1, side, side)
    assert_equal(twin(images.numpy()), model, images)


@pytest.mark.parametrize("kind", [CLASSIFIER, SEGMENTER])
@pytest.mark.parametrize(
    "fields",
    [
        {"output_stride": 16},
        {"patch_size": 3, "output_stride": 8, "conv_kernel_size": 5, "atrous_rates": [1, 2, 3]},
        {"patch_size": 4, "qkv_bias": False, "hidden_act": "gelu", "layer_norm_eps": 1e-3, "conv_kernel_size": 1},
    ],
)
@torch.no_grad()
def test_other_architectures_image_sizes_and_batches(kind, fields):
    model, twin = pair(kind, **TINY, **fields, num_labels=5)
    for shape in ((2, 200, 232), (3, 129, 97)):
        images = pixels(*shape)
        assert_equal(twin(images.numpy(), output_hidden_states=True), model, images, output_hidden_states=True)


@torch.no_grad()
def test_backbone_without_expansion():
    model, twin = pair(BACKBONE, False, **TINY)
    answer = twin(pixels(1, 64, 96).numpy())
    assert answer.pooler_output is None
    assert_equal(answer, model, pixels(1, 64, 96))


@torch.no_grad()
def test_classifier_of_several_layers():
    model, twin = pair(CLASSIFIER, [(24,), (8, 24), (8,), (5, 8)], **TINY, num_labels=5)
    assert_equal(twin(pixels(2, 64, 96).numpy()), model, pixels(2, 64, 96))
    again = dict(twin.to_torch().named_parameters())
    assert all(torch.equal(again[name], tensor) for name, tensor in model.named_parameters())


@torch.no_grad()
def test_functions_traced_for_any_shape():
    model, twin = pair(SEGMENTER, **TINY, output_stride=16)
    traced = tf.function(twin, input_signature=[tf.TensorSpec((None, None, None, None))])
    for shape in ((1, 64, 64), (3, 70, 97)):
        assert_equal(traced(pixels(*shape).numpy()), model, pixels(*shape))


@torch.no_grad()
def test_demo_checkpoint_on_rendered_scenes(demo, photographs):
    twin = reference.TFMobileViTForImageClassification.from_pretrained(DEMO)
    images = photographs[:6]
    inputs = demo.processor(images, return_tensors="tf")
    assert isinstance(inputs.pixel_values, tf.Tensor)
    values = demo.processor(images, return_tensors="pt").pixel_values
    answer = twin(**inputs)
    assert_equal(answer, demo.model, values)
    assert_equal(twin(inputs), demo.model, values)
    (logits,) = twin(inputs, return_dict=False)
    assert np.array_equal(logits, answer.logits)
    assert np.array_equal(answer[0], answer["logits"])
    assert answer.loss is None


def test_output_forms_follow_the_configuration():
    _, twin = pair(CLASSIFIER, **TINY, output_hidden_states=True, return_dict=False)
    logits, hidden_states = twin(pixels(1, 64, 64).numpy())
    assert logits.shape == (1, 2)
    assert len(hidden_states) == 5
    assert twin(pixels(1, 64, 64).numpy(), output_hidden_states=False, return_dict=True).hidden_states is None


def test_wrong_inputs_are_told_in_one_line():
    _, twin = pair(CLASSIFIER, **TINY)
    for inputs, message in (
        (np.zeros((1, 256, 256, 3), np.float32), "must have 3 channels at their second place"),
        (np.zeros((3, 64, 64), np.float32), r"must be \[batch, channels, height, width\]"),
        ({"images": np.zeros((1, 3, 64, 64), np.float32)}, "inputs need pixel_values, and have images"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            twin(inputs)
        assert len(str(caught.value).splitlines()) == 1


def test_mistakes_at_the_start_are_told(tmp_path):
    model, _ = pair(CLASSIFIER, **TINY)
    with pytest.raises(UserError, match="source must be a MobileViTModel, not a MobileViTForImageClassification"):
        reference.TFMobileViTModel(model.config, source=model)
    with pytest.raises(UserError, match="no activation <built-in function softplus>"):
        reference.TFMobileViTModel(MobileViTConfig(**TINY, hidden_act=torch.nn.functional.softplus))
    with pytest.raises(UserError, match="does not exist"):
        reference.TFMobileViTModel.from_pretrained(tmp_path / "nowhere")
