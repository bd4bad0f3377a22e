"""Networks of one channel in every pipeline: their artifacts take grey pixels, and say so.

Oracle: the demonstration itself, which makes the same of a grey picture when its first convolution's weights for red,
green and blue are summed.
"""

from __future__ import annotations

import importlib
import io
import json

import numpy as np
import pytest
import torch
from coremltools.models.utils import load_spec
from coremltools.proto import FeatureTypes_pb2
from mediapipe.tasks.python import vision
from PIL import Image

from converters.tflite.convert import convert as to_tflite
from converters.tflite.options import TFLiteOptions
from reference.checkpoints import load_checkpoint
from reference.golden import golden_set
from reference.image_processor import MobileViTImageProcessor
from validation.artifact import app_processor, open_artifacts
from validation.checks.parity import parity

KINDS = {"coreml": "CoreML", "tflite": "TFLite", "onnx": "ONNX", "coreai": "CoreAI"}
SIDE = {"size": 110, "crop_size": 96}


@pytest.fixture(scope="module")
def folder(demo, tmp_path_factory):
    """The demonstration with one channel, mean and deviation, as transformers would save it."""
    path = tmp_path_factory.mktemp("checkpoints") / "grey"
    demo.model.save_pretrained(path)
    state = dict(demo.model.state_dict())
    name = "mobilevit.conv_stem.convolution.weight"
    state[name] = state[name].sum(1, keepdim=True)
    torch.save(state, path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"num_channels": 1}))
    MobileViTImageProcessor(**SIDE).save_pretrained(path)
    return path


def test_the_demonstration_in_grey(demo, folder, photographs):
    checkpoint = load_checkpoint(str(folder))
    values = checkpoint.processor(photographs[:2], return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        found = checkpoint.model.double()(values.double()).logits
        expected = load_checkpoint("demo").model.double()(values.double().expand(-1, 3, -1, -1)).logits
    # The sums' own rounding to float32, once for each of the stem's weights.
    np.testing.assert_allclose(found, expected, rtol=0, atol=64 * 2.0**-24 * expected.abs().max())


@pytest.mark.parametrize(
    ("pipeline", "runtime", "changes"),
    [
        pytest.param("coreml", "mil", {}, marks=pytest.mark.writes_packages),
        pytest.param("tflite", "litert", {}, marks=pytest.mark.deep),  # the file below is held by MediaPipe
        ("onnx", "onnxruntime", {}),
        pytest.param(
            "coreai",
            "coreai",
            {"do_normalize": True, "image_mean": 0.4, "image_std": 0.3},
            marks=pytest.mark.phones,
        ),
    ],
)
def test_every_pipeline(folder, photographs, tmp_path, pipeline, runtime, changes):
    if pipeline == "coreai":
        pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed (extra coreai)")
    MobileViTImageProcessor(**SIDE, **changes).save_pretrained(folder)
    module = importlib.import_module(f"converters.{pipeline}.convert")
    options = getattr(importlib.import_module(f"converters.{pipeline}.options"), f"{KINDS[pipeline]}Options")()
    checkpoint = load_checkpoint(str(folder))
    written = module.convert(checkpoint, tmp_path, options)
    feed = written.manifest.input
    assert (feed.color_order, feed.network_color_order, len(feed.scale)) == ("L", "L", 1)
    (artifact,) = open_artifacts([written.path])
    np.testing.assert_array_equal(
        app_processor(artifact.manifest).resize_and_crop(photographs[0]),
        checkpoint.processor.resize_and_crop(photographs[0]),
    )
    (result,) = parity([artifact], images=photographs[:2], runtimes=[runtime], checkpoint=str(folder))
    assert {check.verdict for check in result.checks} == {"PASS"}, result.checks
    if pipeline == "coreml":
        (declared,) = load_spec(str(written.path)).description.input
        assert declared.type.imageType.colorSpace == FeatureTypes_pb2.ImageFeatureType.ColorSpace.GRAYSCALE


@pytest.fixture(scope="module")
def file(folder, tmp_path_factory):
    MobileViTImageProcessor(**SIDE).save_pretrained(folder)
    return to_tflite(load_checkpoint(str(folder)), tmp_path_factory.mktemp("grey"), TFLiteOptions())


def test_golden_sets_hold_what_phones_decode(folder, file, photographs):
    """As the apps read them: a picture in colours, and a crop whose three channels are the grey one."""
    checkpoint = load_checkpoint(str(folder))
    (entry,) = golden_set(checkpoint, file.manifest, photographs[:1]).pictures
    picture, crop = (Image.open(io.BytesIO(each)) for each in (entry.png, entry.crop_png))
    assert (picture.mode, crop.mode) == ("RGB", "RGB")
    grey = np.asarray(photographs[0].convert("L").resize(checkpoint.processor.fitted(*photographs[0].size), 2))
    top, left = (grey.shape[0] - 96) // 2, (grey.shape[1] - 96) // 2
    np.testing.assert_array_equal(np.asarray(crop), np.stack([grey[top : top + 96, left : left + 96]] * 3, axis=-1))


def test_mediapipe_is_told_and_refuses(file):
    with pytest.raises(ValueError, match="RGB color space"):
        vision.ImageClassifier.create_from_model_path(str(file.path))
