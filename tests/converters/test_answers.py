"""What a head's values mean decides what every artifact answers; transformers' own head is the oracle."""

from __future__ import annotations

import importlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from converters.deployable import deployable
from reference.answers import meaning_of
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.heads import MobileViTForImageClassification
from reference.initialise import randomise
from validation.artifact import open_artifacts
from validation.checks.parity import parity
from validation.commands.classify import said
from validation.runtimes import load

from ..heads import HEAD_SIDE as SIDE
from ..heads import HEADS, SEGMENTER, save_head


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """name -> the folder of a trained checkpoint with that head."""
    base = tmp_path_factory.getbasetemp()
    return cache(lambda name: save_head(name, base / name.replace(" ", "-")))


def theirs(folder: str, values: torch.Tensor) -> np.ndarray:
    """transformers' logits, and from them what its documentation of problem_type makes of each."""
    import transformers

    fields = json.loads(Path(folder, "config.json").read_text("utf-8"))
    model = transformers.MobileViTForImageClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(values).logits[0]
    problem = model.config.problem_type or fields.get("problem_type")
    if problem == "multi_label_classification":
        return torch.sigmoid(logits).numpy()
    return (logits if problem == "regression" or len(logits) == 1 else torch.softmax(logits, -1)).numpy()


@pytest.mark.numeric
@pytest.mark.parametrize("name", HEADS)
def test_the_answer_is_what_the_head_was_trained_for(saved, photographs, name):
    checkpoint = load_checkpoint(saved(name))
    assert meaning_of(checkpoint) == HEADS[name][2]
    pixels = checkpoint.processor.resize_and_crop(photographs[0])
    values = torch.from_numpy(checkpoint.processor.network_input(pixels))[None]
    network = deployable(checkpoint, passes=(), bake_input=False)
    (answer,) = network.answers(values)
    expected = theirs(saved(name), values)
    # One sum of the last layer's 320 products, in another order.
    np.testing.assert_allclose(answer[0], expected, atol=320 * 2**-24 * max(1.0, np.abs(expected).max()))


def convert(pipeline: str, folder: str, task: str, into, **options):
    module = importlib.import_module(f"converters.{pipeline}.convert")
    kinds = importlib.import_module(f"converters.{pipeline}.options")
    kind = {"onnx": "ONNX", "tflite": "TFLite", "coreml": "CoreML", "coreai": "CoreAI"}[pipeline]
    made = getattr(kinds, f"{kind}Options")(image_size=(SIDE,), **options)
    return module.convert(load_checkpoint(folder, task=task), into, made)


@pytest.mark.parametrize(
    ("pipeline", "runtime", "name"),
    [
        pytest.param("coreml", "mil", "scores", marks=[pytest.mark.writes_packages, pytest.mark.deep]),
        pytest.param("coreml", "mil", "one value", marks=pytest.mark.writes_packages),
        ("tflite", "litert", "scores"),
        pytest.param("tflite", "litert", "one value", marks=pytest.mark.deep),
        ("onnx", "onnxruntime", "scores"),
        ("onnx", "onnxruntime", "one value"),
    ],
)
def test_every_pipeline_and_parity(saved, head, photographs, tmp_path, pipeline, runtime, name):
    folder = saved(name)
    written = head(name)[1] if pipeline == "onnx" else convert(pipeline, folder, "classification", tmp_path)
    assert written.manifest.answer.meaning == HEADS[name][2]
    assert len(written.manifest.labels) == HEADS[name][1]
    (artifact,) = open_artifacts([written.path])
    checkpoint = load_checkpoint(folder).cropping(SIDE, SIDE)
    pixels = checkpoint.processor.resize_and_crop(photographs[0])
    answer = load(artifact, runtime).run(pixels)
    values = torch.from_numpy(checkpoint.processor.network_input(pixels))[None]
    np.testing.assert_allclose(answer, theirs(folder, values), atol=0.02)
    (result,) = parity([artifact], images=photographs[:2], runtimes=[runtime], checkpoint=folder)
    assert {check.verdict for check in result.checks} == {"PASS"}, result.checks
    assert said(answer, written.manifest)


@pytest.mark.parametrize(
    ("pipeline", "runtime"),
    [
        pytest.param("coreml", "mil", marks=[pytest.mark.writes_packages, pytest.mark.deep]),
        pytest.param("tflite", "litert", marks=pytest.mark.deep),
        pytest.param("coreai", "coreai", marks=pytest.mark.deep),
        ("onnx", "onnxruntime"),
    ],
)
def test_head_of_several_layers(demo, photographs, tmp_path, pipeline, runtime):
    """tests/reference/test_training_checkpoints.py holds the reference to PyTorch's own layers."""
    if pipeline == "coreai":
        pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed (extra coreai)")
    model = MobileViTForImageClassification(demo.model.config, [(320,), (64, 320), (64,), (30, 64)])
    randomise(model, 2)
    model.mobilevit = demo.model.mobilevit
    model.save_pretrained(tmp_path / "layers")
    folder = str(tmp_path / "layers")
    (artifact,) = open_artifacts([convert(pipeline, folder, "classification", tmp_path).path])
    (result,) = parity([artifact], images=photographs[:2], runtimes=[runtime], checkpoint=folder)
    assert {check.verdict for check in result.checks} == {"PASS"}, result.checks


@pytest.mark.parametrize(
    ("pipeline", "runtime"),
    [
        pytest.param("coreml", "mil", marks=[pytest.mark.writes_packages, pytest.mark.deep]),
        pytest.param("tflite", "litert", marks=pytest.mark.deep),
        ("onnx", "onnxruntime"),
    ],
)
def test_one_class_is_there_or_not(saved, head, photographs, tmp_path, pipeline, runtime):
    import transformers

    folder = saved(SEGMENTER)
    written = head(SEGMENTER)[1] if pipeline == "onnx" else convert(pipeline, folder, "segmentation", tmp_path)
    (artifact,) = open_artifacts([written.path])
    checkpoint = load_checkpoint(folder, task="segmentation").cropping(SIDE, SIDE)
    pixels = checkpoint.processor.resize_and_crop(photographs[0])
    values = torch.from_numpy(checkpoint.processor.network_input(pixels))[None]
    with torch.inference_mode():
        logits = transformers.MobileViTForSemanticSegmentation.from_pretrained(folder).eval()(values).logits
    there = torch.sigmoid(functional.interpolate(logits, size=(SIDE, SIDE), mode="bilinear"))[0, 0] > 0.5
    assert 0 < there.float().mean() < 1
    answer = load(artifact, runtime).run(pixels)
    assert (answer == there.numpy()).mean() > 0.99
    (result,) = parity([artifact], images=photographs[:2], runtimes=[runtime], checkpoint=folder)
    assert {check.verdict for check in result.checks} == {"PASS"}, result.checks


def test_logits_of_a_classifier(saved, photographs, tmp_path):
    folder = saved("scores")
    written = convert("onnx", folder, "classification", tmp_path, output="logits")
    assert "_logits" in written.path.name
    (artifact,) = open_artifacts([written.path])
    pixels = load_checkpoint(folder).cropping(SIDE, SIDE).processor.resize_and_crop(photographs[0])
    logits = torch.from_numpy(load(artifact, "onnxruntime").run(pixels))
    values = load_checkpoint(folder).processor.network_input(pixels)
    np.testing.assert_allclose(torch.sigmoid(logits), theirs(folder, torch.from_numpy(values)[None]), atol=1e-4)


def test_what_has_no_answer_is_refused(saved, tmp_path):
    folder = saved("one value")
    with pytest.raises(UserError, match="a regression, whose values are its logits"):
        convert("onnx", folder, "classification", tmp_path, output="logits")
    checkpoint = load_checkpoint(folder)
    checkpoint.model.config.problem_type = "single_label_classification"
    with pytest.raises(UserError, match="one label and problem_type single_label_classification"):
        meaning_of(checkpoint)
