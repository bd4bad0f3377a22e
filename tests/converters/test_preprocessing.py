"""Other preprocessing than the published checkpoints': mean and deviation, both sides, crops that are no square.

Oracles: transformers' own image processors for the pixels, and the network in float64 for what artifacts make of them.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
import json

import numpy as np
import pytest
import torch

from converters.deployable import deployable
from converters.preprocessing import app_preprocessing, input_transform
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.image_processor import MobileViTImageProcessor
from reference.manifest import Manifest
from validation.artifact import app_processor, open_artifacts
from validation.checks.parity import parity

from ..contract_manifests import classifier
from ..rounding import resizes_in_two_orders

IMAGENET = {"do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
EPSILON = 2.0**-24


@pytest.mark.numeric
@resizes_in_two_orders
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mobilenet_v1.MobileNetV1", {}),
        ("mobilenet_v2.MobileNetV2", {"size": {"shortest_edge": 100}, "crop_size": {"height": 80, "width": 96}}),
        ("vit.ViT", {}),
        ("vit.ViT", {"size": {"height": 96, "width": 160}, "do_normalize": False, "resample": 3}),
        ("deit.DeiT", {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.3, 0.2, 0.1]}),
        ("convnext.ConvNext", {}),
        ("convnext.ConvNext", {"size": {"shortest_edge": 224}, "crop_pct": 0.9}),
    ],
)
def test_another_class_means_what_that_class_does(name, changes, photographs, tmp_path):
    module, prefix = name.split(".")
    kind = getattr(
        importlib.import_module(f"transformers.models.{module}.image_processing_pil_{module}"),
        f"{prefix}ImageProcessorPil",
    )
    processor = kind(**changes)
    processor.save_pretrained(tmp_path)
    ours = MobileViTImageProcessor.from_pretrained(tmp_path)
    for photograph in photographs[:4]:
        expected = processor(photograph, return_tensors="np")["pixel_values"]
        found = ours(photograph, return_tensors="np")["pixel_values"]
        # A product, a difference and a quotient, each rounded once by either.
        np.testing.assert_allclose(found, expected, rtol=0, atol=8 * EPSILON * np.abs(expected).max())
    # What a file leaves unsaid is that class's own default.
    fields = {"image_processor_type": f"{prefix}ImageProcessor"}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(fields))
    bare, default = MobileViTImageProcessor.from_pretrained(tmp_path), kind()
    np.testing.assert_allclose(
        bare(photographs[0], return_tensors="np")["pixel_values"],
        default(photographs[0], return_tensors="np")["pixel_values"],
        rtol=0,
        atol=16 * EPSILON,
    )


def test_an_unknown_class_is_refused_by_name(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "CLIPImageProcessor"}')
    with pytest.raises(UserError, match="'CLIPImageProcessor' is not known here"):
        MobileViTImageProcessor.from_pretrained(tmp_path)


def prepared(demo, **options):
    """The demonstration with other preprocessing."""
    own = demo.processor
    given = {"size": own.size, "crop_size": own.crop_size, "resample": own.resample} | options
    return dataclasses.replace(demo, processor=MobileViTImageProcessor(**given))


@pytest.mark.numeric
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("moments", [IMAGENET, {"do_normalize": True, "image_mean": 0.5, "image_std": 0.5}])
def test_mean_and_deviation_are_exact_up_to_the_border(demo, photographs, flip, moments):
    """In float64, where nothing but the weights' own rounding is left: folded into the stem's bias it would be 0.02."""
    checkpoint = prepared(demo, do_flip_channel_order=flip, size=110, crop_size=96, **moments)
    pixels = checkpoint.processor.resize_and_crop(photographs[0])
    rgb = torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float64))
    mean, deviation = (
        torch.tensor(value if isinstance(value, list) else [value] * 3, dtype=torch.float64)[:, None, None]
        for value in (moments["image_mean"], moments["image_std"])
    )
    values = (rgb / 255 - mean) / deviation
    with torch.inference_mode():
        reference = load_checkpoint("demo").model.double()
        expected = torch.softmax(reference(values.flip(1) if flip else values).logits, -1)
        baked = deployable(checkpoint, passes=(), bake_input=True).double()(rgb)
        transform = input_transform(checkpoint)
        image = rgb.flip(1) if flip else rgb
        even = image * transform.even_scale + torch.tensor(transform.even_offset).double()[:, None, None]
        imaged = deployable(checkpoint, passes=(), bake_input=False).double()(even)
        first = deployable(checkpoint, passes=(), bake_input=True, scale_first=True).double()(rgb)
    # Each of the stem's weights, and the shift, is rounded to float32 once.
    for found in (baked, imaged, first):
        np.testing.assert_allclose(found, expected, rtol=0, atol=64 * EPSILON)


@torch.no_grad()
def trained_so(checkpoint):
    """The network as a training with mean and deviation would have left it: the same but for the image's border.

    What no training has seen, an image of other values, makes layers answer far from where they were trained, with more
    noise than the bounds of trained networks allow.
    """
    model = copy.deepcopy(checkpoint.model)
    stem = model.mobilevit.conv_stem
    moments = torch.tensor([checkpoint.processor.mean, checkpoint.processor.deviation]).flip(1)  # to BGR
    mean, deviation = moments[:, None, :, None, None]
    stem.normalization.running_mean -= (stem.convolution.weight * mean).sum((1, 2, 3))
    stem.convolution.weight *= deviation
    return model


CASES = {
    "squashed": {"size": {"height": 96, "width": 160}, "do_center_crop": False, **IMAGENET},
    "margin": {"size": {"height": 110, "width": 110}, "crop_size": 96, "do_flip_channel_order": False},
    "as it is": {"do_resize": False, "crop_size": {"height": 96, "width": 64}},
}


@pytest.mark.parametrize("case", CASES)
def test_the_manifest_says_how_an_app_gets_there(demo, photographs, case):
    checkpoint = prepared(demo, **CASES[case])
    facts = app_preprocessing(checkpoint)
    app = app_processor(Manifest.model_validate(classifier()), facts)
    for photograph in photographs:
        pixels = app.resize_and_crop(photograph)
        assert pixels.shape[:2] == (facts.crop_height, facts.crop_width)
        np.testing.assert_array_equal(pixels, checkpoint.processor.resize_and_crop(photograph))


def test_pictures_of_any_size_are_refused(demo):
    with pytest.raises(UserError, match="leaves each picture a size of its own"):
        app_preprocessing(prepared(demo, do_center_crop=False))


@pytest.mark.parametrize("size", [(96, 160), (160, 96), (64, 64)])
@pytest.mark.parametrize("case", ["plain", *CASES])
def test_an_oblong_crop_is_never_padded(demo, photographs, size, case):
    checkpoint = prepared(demo, **CASES.get(case, {})).cropping(*size)
    facts = app_preprocessing(checkpoint)
    assert (facts.crop_height, facts.crop_width) == size
    if facts.resize == "shortest_edge":
        assert facts.resize_shortest_edge >= max(size)
    elif facts.resize == "both_sides":
        assert facts.resize_height >= size[0]
        assert facts.resize_width >= size[1]
    assert app_preprocessing(checkpoint.cropping(*size)) == facts


@pytest.mark.parametrize(
    ("pipeline", "runtime"),
    [
        pytest.param("coreml", "mil", marks=pytest.mark.writes_packages),
        pytest.param("tflite", "litert", marks=pytest.mark.deep),
        ("onnx", "onnxruntime"),
    ],
)
def test_every_pipeline(demo, photographs, tmp_path, pipeline, runtime):
    folder = tmp_path / "mine"
    checkpoint = prepared(demo, **CASES["squashed"])
    trained_so(checkpoint).save_pretrained(folder)
    checkpoint.processor.save_pretrained(folder)
    kinds = importlib.import_module(f"converters.{pipeline}.options")
    options = getattr(kinds, {"onnx": "ONNX", "tflite": "TFLite", "coreml": "CoreML"}[pipeline] + "Options")()
    module = importlib.import_module(f"converters.{pipeline}.convert")
    written = module.convert(load_checkpoint(str(folder)), tmp_path, options)
    manifest = written.manifest
    assert (manifest.preprocessing.resize, manifest.input.size) == ("both_sides", (96, 160))
    reversed_moments = zip(IMAGENET["image_mean"][::-1], IMAGENET["image_std"][::-1])
    assert manifest.input.offset == pytest.approx([-mean / deviation for mean, deviation in reversed_moments])
    (artifact,) = open_artifacts([written.path])
    (result,) = parity([artifact], images=photographs[:2], runtimes=[runtime], checkpoint=str(folder))
    assert {check.verdict for check in result.checks} == {"PASS"}, result.checks
