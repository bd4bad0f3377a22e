"""Artifacts made wrong on purpose must fail, and the diagnosis must name what is wrong with them."""

from __future__ import annotations

import pytest
from PIL import Image

import validation.checks.parity
from validation.artifact import app_processor
from validation.checks.diagnosis import imitations
from validation.checks.parity import parity
from validation.results import FAILED, exit_code
from validation.runtimes.apart import Apart
from validation.runtimes.pytorch import PyTorchRuntime

from . import mistaken
from .mistaken import copy_of, describe_anew, edit_program, edit_tflite, edit_weights


@pytest.fixture(scope="module")
def imitated(demo):
    return mistaken.remembering(imitations(PyTorchRuntime(demo), "probabilities"))


@pytest.fixture(autouse=True)
def quick(imitated, monkeypatch):
    monkeypatch.setattr("validation.checks.diagnosis.imitations", lambda reference, meaning: imitated)


@pytest.fixture
def package(mlpackage, tmp_path):
    return copy_of(mlpackage("float16").path, tmp_path)


@pytest.fixture
def file(tflite, tmp_path):
    return copy_of(tflite("none").path, tmp_path)


def found(artifact, photographs, runtime) -> str:
    """What the failed comparison says, in one text."""
    (result,) = parity([artifact], images=photographs[:2], runtimes=[runtime])
    assert exit_code(result.checks) == FAILED, result.checks
    reasons = [check.reason for check in result.checks if check.verdict == "FAIL"]
    return "\n".join([*result.diagnosis, *reasons])


def test_sound_artifacts_pass(package, file, photographs):
    results = parity([package, file], images=photographs[:2], runtimes=["mil", "litert"])
    assert [exit_code(result.checks) for result in results] == [0, 0]
    assert not any(result.diagnosis for result in results)


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (mistaken.swap_channels, "the channels are swapped"),
        (mistaken.scale_by(255), "the scale 1/255 is missing"),
        (mistaken.scale_by(1 / 255), "the scale 1/255 is applied twice"),
        (mistaken.forget_softmax, "a softmax is missing"),
        (mistaken.softmax_twice, "softmax is applied twice"),
        (mistaken.shift_labels, "the labels are shifted by one"),
    ],
)
def test_programs(package, photographs, edit, cause):
    edit_program(package, edit)
    describe_anew(package)
    assert cause in found(package, photographs, "mil")


def test_one_layer_with_noise(package, photographs):
    edit_weights(package, mistaken.noise, "layer_2_conv_kxk_weight")
    describe_anew(package)
    assert "mobilevit.encoder.layer.2.conv_kxk " in found(package, photographs, "mil")


def test_another_checkpoints_weights(package, photographs):
    edit_weights(package, mistaken.shuffled)
    describe_anew(package)
    assert "are not the checkpoint's, rounded" in found(package, photographs, "mil")


def test_overflow(package, photographs):
    edit_weights(package, lambda weights: weights * 0 + 6e4, "layer_3_conv_kxk_weight")
    describe_anew(package)
    assert "overflow" in found(package, photographs, "mil")


def test_truncated_weights(package, photographs):
    content = (package / mistaken.WEIGHTS).read_bytes()
    (package / mistaken.WEIGHTS).write_bytes(content[: len(content) // 2])
    assert "sha256 differs" in found(package, photographs, "mil")
    describe_anew(package)
    assert "weight.bin" in found(package, photographs, "mil")


def swap_stem(model, weights):
    stem = weights(mistaken.convolution_weights(model))
    stem[:] = stem[..., ::-1].copy()


def scale_stem(factor):
    def edit(model, weights):
        weights(mistaken.convolution_weights(model))[:] *= factor

    return edit


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (swap_stem, "the channels are swapped"),
        (scale_stem(255), "the scale 1/255 is missing"),
        (scale_stem(1 / 255), "the scale 1/255 is applied twice"),
    ],
)
def test_tflite_files(file, photographs, edit, cause):
    edit_tflite(file, edit)
    describe_anew(file)
    assert cause in found(file, photographs, "litert")


def test_a_layer_with_noise_in_a_tflite_file(file, photographs):
    def edit(model, weights):
        kernel = weights(mistaken.convolution_weights(model, 3))  # the third one over maps that is no depthwise one
        kernel[:] = mistaken.noise(kernel)

    edit_tflite(file, edit)
    describe_anew(file)
    assert "mobilevit.encoder.layer.1.layer.0.expand_1x1 " in found(file, photographs, "litert")


def test_a_truncated_tflite_file(file, photographs):
    file.write_bytes(file.read_bytes()[:1000])
    describe_anew(file)
    assert "LiteRT cannot load" in found(file, photographs, "litert")


def test_pixels_laid_out_otherwise(file, photographs, monkeypatch):
    run = Apart.run_batch
    monkeypatch.setattr(
        Apart, "run_batch", lambda self, images: run(self, images.transpose(0, 3, 1, 2).reshape(images.shape))
    )
    assert "laid out NCHW and read as NHWC" in found(file, photographs, "litert")


def test_an_app_that_squashes(file, photographs, monkeypatch):
    def squashing(manifest):
        processor = app_processor(manifest)
        processor.size = processor.crop_size
        return processor

    monkeypatch.setattr(validation.checks.parity, "app_processor", squashing)
    assert "squashed to the input size" in found(file, photographs, "litert")


def test_an_app_that_turns_pictures(file, photographs, monkeypatch):
    class Turning:
        def __init__(self, manifest):
            self.processor = app_processor(manifest)

        def resize_and_crop(self, picture):
            return self.processor.resize_and_crop(picture.transpose(Image.Transpose.TRANSPOSE))

    monkeypatch.setattr(validation.checks.parity, "app_processor", Turning)
    assert "height and width are exchanged" in found(file, photographs, "litert")


@pytest.mark.parametrize(
    ("lie", "causes"),
    [
        (
            {"preprocessing__interpolation": "bicubic"},
            ["resized with the bicubic filter", "interpolation is bicubic, the checkpoint's bilinear"],
        ),
        (
            {"preprocessing__resize_shortest_edge": 256},
            ["without the margin", "resize_shortest_edge is 256, the checkpoint's 288"],
        ),
        ({"labels": lambda labels: [*labels[1:], labels[0]]}, ["labels differ from the checkpoint's"]),
        ({"labels": lambda labels: labels[:-1]}, ["29 labels for 30 classes"]),
        ({"input__network_color_order": "RGB"}, ["network_color_order is RGB, the checkpoint's BGR"]),
        ({"input__dtype": "uint8"}, ["Got value of type"]),
        ({"outputs": lambda outputs: [{**outputs[0], "name": "answer"}]}, ["answer"]),
        ({"schema_version": 1}, ["schema 1, this kit reads 2: convert the artifact again"]),
        (
            {
                "preprocessing__resize": "both_sides",
                "preprocessing__resize_shortest_edge": None,
                "preprocessing__resize_height": 256,
                "preprocessing__resize_width": 300,
            },
            [
                "preprocessing.resize is both_sides, the checkpoint's shortest_edge",
                "resize_shortest_edge is None, the checkpoint's 288",
                "resize_height is 256, the checkpoint's None",
                "resize_width is 300, the checkpoint's None",
            ],
        ),
        (
            {"preprocessing__resize": "none", "preprocessing__resize_shortest_edge": None},
            ["preprocessing.resize is none, the checkpoint's shortest_edge"],
        ),
    ],
)  # fmt: skip
def test_a_manifest_that_lies(file, photographs, lie, causes):
    describe_anew(file, **lie)
    text = found(file, photographs, "litert")
    for cause in causes:
        assert cause in text
