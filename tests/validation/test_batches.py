"""Artifacts that take several images at once: each image gets the answer that it gets alone, whoever asks."""

from __future__ import annotations

import importlib

import numpy as np
import onnx
import pytest
import torch

from converters.artifact import Written
from reference.checkpoints import BUNDLED
from reference.errors import UserError
from reference.golden import golden_path, golden_set
from reference.layers import ConvLayer
from reference.scenes import render
from validation import accuracy, localize, parity, verdict
from validation.__main__ import main
from validation.artifact import open_artifacts
from validation.checks.localize import first_bad
from validation.runtimes import Runtime, load
from validation.runtimes.runtime import whole_batches

from ..rounding import assert_as_exact, in_precision, with_rounded_weights
from . import mistaken

BATCH, IMAGES, SIDE = 3, 7, 96  # the last batch is filled up
OPTIONS = {
    "tflite": ("converters.tflite", "TFLiteOptions"),
    "onnx": ("converters.onnx", "ONNXOptions"),
    "mlpackage": ("converters.coreml", "CoreMLOptions"),
    "aimodel": ("converters.coreai", "CoreAIOptions"),
}
FORMATS = [
    "tflite",
    "onnx",
    pytest.param("aimodel", marks=pytest.mark.deep),
    pytest.param("mlpackage", marks=[pytest.mark.writes_packages, pytest.mark.deep]),
]
# How the oracle computes, and how many times its loss is allowed, as where each format is held to one image.
ROUNDED = {
    "tflite": ("float16 weights", 4), "onnx": ("float32", 8), "mlpackage": ("float16", 4), "aimodel": ("float16", 4),
}  # fmt: skip


@pytest.fixture(scope="module")
def converted(demo, shared):
    """Format and options -> the artifact of the demo checkpoint, of small images."""

    def make(format: str, batch: int = BATCH, **options) -> Written:
        if format == "aimodel":
            pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed")
        package, name = OPTIONS[format]
        kind = getattr(importlib.import_module(f"{package}.options"), name)
        convert = importlib.import_module(f"{package}.convert").convert
        asked = kind(batch=batch, image_size=(SIDE,), **options)
        return shared.get(f"{format} {batch} {options}", lambda folder: convert(demo, folder, asked))

    return make


@pytest.fixture(scope="module")
def pictures():
    return [render("validation", index).image for index in range(IMAGES)]


@pytest.fixture(scope="module")
def probabilities(demo, pictures):
    """How computed -> [images, classes] of the reference; exactly: of transformers."""
    from transformers import MobileViTForImageClassification

    values = demo.cropping(SIDE, SIDE).processor(pictures, return_tensors="pt")["pixel_values"]

    @torch.no_grad()
    def compute(how: str) -> np.ndarray:
        if how == "exactly":
            model = MobileViTForImageClassification.from_pretrained(BUNDLED / "classification" / "xxs")
            logits = in_precision(torch.float64, model.eval(), values).logits
        elif how == "float16 weights":
            logits = with_rounded_weights(demo.model, bits=11)(values.double()).logits
        else:
            logits = in_precision(getattr(torch, how), demo.model, values).logits
        return torch.softmax(logits.double(), -1).numpy()

    return compute


@pytest.fixture
def crops(demo, pictures):
    return [demo.cropping(SIDE, SIDE).processor.resize_and_crop(each) for each in pictures]


def opened(written: Written) -> Runtime:
    return load(open_artifacts([written.path])[0])


@pytest.mark.numeric
@pytest.mark.parametrize("format", FORMATS)
def test_each_image_gets_its_own_answer(converted, crops, pictures, probabilities, format):
    written = converted(format)
    manifest = written.manifest
    assert (manifest.input.batch, manifest.answer.shape) == (BATCH, [BATCH, 30])
    assert written.path.name.endswith(f"_{SIDE}_batch{BATCH}.{format}")
    runtime = opened(written)
    answers = runtime.answers(crops)
    how, multiple = ROUNDED[format]
    exact = probabilities("exactly")
    assert np.abs(exact[1:] - exact[:-1]).max(axis=1).min() > 0.1, "images that are alike would prove nothing"
    assert_as_exact(answers, exact, probabilities(how), multiple=multiple)
    np.testing.assert_array_equal(runtime.run(crops[-1]), answers[-1])  # alone, and so the batch filled with it
    assert verdict(parity([written.path], images=pictures)) == "PASS"


@pytest.mark.parametrize("format", FORMATS)
def test_every_layer_is_found_and_sound(converted, demo, pictures, format):
    located, bound = localize(converted(format).path, pictures[0])
    assert len(located) == sum(isinstance(module, ConvLayer) for module in demo.model.modules())
    assert first_bad(located, bound) is None


@pytest.mark.numeric
def test_accuracy_is_that_of_one_image_at_a_time(converted):
    one, several = accuracy([converted("onnx", 1).path, converted("onnx").path], images=40).artifacts
    # Sums of products, in another order at most: float32's bound on a probability, see reference/tolerances.py.
    np.testing.assert_allclose(several.outcome.probability, one.outcome.probability, rtol=0, atol=8 * 17 * 2**-24)
    np.testing.assert_array_equal(several.outcome.answer, one.outcome.answer)
    assert several.outcome.figure("top-1") == one.outcome.figure("top-1") > 20


@pytest.mark.parametrize("order", [[1, 2, 0], [0, 0, 0]], ids=["mixed up", "the first one's for all"])
def test_answers_to_other_images_are_noticed(converted, pictures, tmp_path, order):
    artifact = mistaken.copy_of(converted("onnx").path, tmp_path)
    model = onnx.load(artifact)
    (last,) = (node for node in model.graph.node if "probabilities" in node.output)
    last.output[0] = "in order"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(order), "order"))
    model.graph.node.append(onnx.helper.make_node("Gather", ["in order", "order"], ["probabilities"], axis=0))
    onnx.save(model, artifact)
    mistaken.describe_anew(artifact)
    assert verdict(parity([artifact], images=pictures)) == "FAIL"


def test_a_golden_set_is_of_single_images(converted, demo, tmp_path):
    written = converted("onnx")
    copy = Written(mistaken.copy_of(written.path, tmp_path), written.manifest)
    golden = golden_path(copy.path)
    golden_set(demo.cropping(SIDE, SIDE), copy.manifest).write(golden)
    assert verdict(parity([copy.path], golden=golden)) == "PASS"


def test_time_is_of_a_batch_and_said_of_one_image_too(converted, capsys, monkeypatch):
    monkeypatch.setattr("validation.checks.latency.peak_mib", lambda work: None)  # starts a process each
    written = converted("onnx")
    assert main(["latency", str(written.path), "--runs", "2", "--warmup", "1"]) == 0
    out = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "3 at once," in out
    assert "crop and ratio are of one image, all else is of a whole batch" in out


def test_the_last_batch_is_filled_with_its_last_image():
    images = [np.full((2, 2, 3), index, np.uint8) for index in range(5)]
    batches = list(whole_batches(images, 3))
    assert [each[:, 0, 0, 0].tolist() for each in batches] == [[0, 1, 2], [3, 4, 4]]
    assert [len(each) for each in whole_batches(images, 5)] == [5]


def test_answers_that_are_too_few_are_an_error():
    class Lazy(Runtime):
        name, batch = "lazy", 2

        @staticmethod
        def check_here():
            pass

        def run_batch(self, images):
            return images[:1]

    with pytest.raises(UserError, match="1 answers to 2 images"):
        Lazy().answers([np.zeros((2, 2, 3), np.uint8)] * 2)


@pytest.mark.deep  # as all of these packages
def test_core_ml_takes_numbers_where_it_takes_several_images(converted):
    from validation.mil import Program

    written = converted("mlpackage")
    program = Program(written.path)
    (feed,), (answer,) = program.inputs, program.outputs
    array = feed.type.multiArrayType
    assert (list(array.shape), array.ArrayDataType.Name(array.dataType)) == ([BATCH, 3, SIDE, SIDE], "FLOAT32")
    assert list(answer.type.multiArrayType.shape) == [BATCH, 30]
    assert feed.shortDescription.startswith("3 RGB images, 0 to 255, channels first; each: resize its shortest edge")
    spec = written.manifest.input
    assert (spec.kind, spec.layout, spec.dtype, spec.color_order, spec.scale) == (
        "tensor", "NCHW", "float32", "RGB", [1 / 255] * 3,
    )  # fmt: skip


def test_mediapipe_refuses_in_a_line(converted):
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.ImageClassifierOptions(BaseOptions(model_asset_path=str(converted("tflite").path)))
    with pytest.raises(ValueError, match="should have dimensions 1 x height x width x depth"):
        vision.ImageClassifier.create_from_options(options)


def test_the_peers_take_one_image(converted):
    from validation.peers.side_by_side import print_side_by_side

    with pytest.raises(UserError, match="takes 3 images at once: the peers take one"):
        print_side_by_side([converted("tflite").path], None, scenes=1, verbose=False)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("tflite", {"quantize": "int8"}), ("tflite", {"quantize": "int8-full"}),
        ("tflite", {"quantize": "int8-dynamic"}), ("onnx", {"quantize": "int8"}),
        ("aimodel", {"compress": "int8"}), ("aimodel", {"compress": "palettize4"}),
        pytest.param("mlpackage", {"compress": "palettize4"}, marks=pytest.mark.writes_packages),
        pytest.param("mlpackage", {"precision": "mixed"}, marks=pytest.mark.writes_packages),
        pytest.param("mlpackage", {"compress": "w8a8"}, marks=pytest.mark.writes_packages),
    ],
    ids=str,
)  # fmt: skip
def test_numbers_of_few_bits_are_those_of_one_image(converted, crops, format, options):
    """The same scales, tables and biases, which are measured on single images: only the order of sums can differ.

    Where values are rounded as they run, a sum in another order may fall to the next step, and later ones with it.
    """
    one, several = (converted(format, batch, calibration_samples=16, **options) for batch in (1, BATCH))
    assert one.manifest.calibration == several.manifest.calibration
    alone, together = (opened(each).answers(crops) for each in (one, several))
    rounds = options.get("compress") == "w8a8" or "int8" in options.get("quantize", "")
    noise = 0.1 if rounds else 16 * 2.0**-11 if format in ("mlpackage", "aimodel") else 8 * 17 * 2.0**-24
    assert np.abs(together - alone).max() <= noise
    shifted = np.abs(together[1:] - alone[:-1]).max(axis=1)
    assert shifted.min() > noise, "the bound tells images apart"
