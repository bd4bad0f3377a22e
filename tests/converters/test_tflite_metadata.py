"""The metadata inside .tflite files, by MediaPipe Tasks, which run them as they are."""

from __future__ import annotations

import copy
import dataclasses
import zipfile

import numpy as np
import pytest
from ai_edge_litert.tools import flatbuffer_utils
from mediapipe import Image, ImageFormat
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
from mediapipe.tasks.python import BaseOptions, vision
from PIL import Image as Picture

from converters.tflite.convert import convert
from converters.tflite.options import TFLiteOptions
from converters.tflite.recipes import MODES
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.scenes import render
from validation.runtimes.pytorch import PyTorchRuntime

from ..heads import SEGMENTER, save_head


def shown(pixels: np.ndarray) -> Image:
    """Already cropped: MediaPipe resizes by its own rules."""
    return Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(pixels))


DEEP = [pytest.param(mode, marks=pytest.mark.deep) for mode in ("none", "int8-weight", "int8-dynamic", "int16x8")]


@pytest.mark.parametrize("mode", ["float16", "int8", "int8-full", *DEEP])
def test_image_classifier_names_the_references_class(demo, photographs, tflite, mode):
    options = vision.ImageClassifierOptions(BaseOptions(model_asset_path=str(tflite(mode).path)), max_results=1)
    with vision.ImageClassifier.create_from_options(options) as classifier:
        for image in photographs[:4]:
            pixels = demo.processor.resize_and_crop(image)
            ((best,),) = (each.categories for each in classifier.classify(shown(pixels)).classifications)
            expected = PyTorchRuntime(demo).run(pixels)
            assert best.category_name == demo.model.config.labels[expected.argmax()]
            assert best.score == pytest.approx(expected.max(), abs=0.01 if mode in ("none", "float16") else 0.2)


def test_image_classifier_shows_scores_under_labels_of_a_file(demo, photographs, tmp_path):
    """Of several labels that are true at once; the names as people have them, which the file must hold line by line."""
    names = [f'Größe {index}, 日本 "x"' for index in range(30)]
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n\n", encoding="utf-8-sig")
    model = copy.copy(demo.model)
    model.config = copy.copy(demo.model.config)
    model.config.problem_type = "multi_label_classification"
    checkpoint = dataclasses.replace(demo, model=model)
    path = convert(checkpoint, tmp_path, TFLiteOptions(labels=tmp_path / "names.txt", image_size=(96,))).path
    pixels = checkpoint.cropping(96, 96).processor.resize_and_crop(photographs[0])
    with vision.ImageClassifier.create_from_model_path(str(path)) as classifier:
        (found,) = (each.categories for each in classifier.classify(shown(pixels)).classifications)
    scores = {each.category_name: each.score for each in found}
    expected = PyTorchRuntime(checkpoint).run(pixels)
    assert expected.sum() != pytest.approx(1, abs=0.05), "scores are no probabilities"
    assert scores == pytest.approx(dict(zip(names, expected)), abs=0.01)


@pytest.mark.parametrize("labels", ["two\nlines", "", "  "])
def test_labels_that_no_line_holds_meet_no_mediapipe(demo, tmp_path, labels):
    with pytest.raises(UserError, match="label 29 .* give one line of text for each label, with --labels FILE"):
        convert(demo.labelled([*map(str, range(29)), labels]), tmp_path)


def segmenter(path) -> vision.ImageSegmenter:
    options = vision.ImageSegmenterOptions(
        BaseOptions(model_asset_path=str(path)), output_confidence_masks=True, output_category_mask=True
    )
    return vision.ImageSegmenter.create_from_options(options)


@pytest.mark.parametrize("mode", ["float16", *(pytest.param(mode, marks=pytest.mark.deep) for mode in MODES)])
def test_image_segmenter_paints_the_references_mask(tmp_path, mode):
    checkpoint = load_checkpoint("demo", "xxs", "segmentation")
    options = TFLiteOptions(quantize=mode, output="logits", image_size=(256,), calibration_samples=16)
    path = convert(checkpoint, tmp_path, options).path
    scene = np.asarray(render("validation", 3).image.resize((256, 256), Picture.Resampling.BILINEAR))
    with segmenter(path) as opened:
        assert opened.labels == checkpoint.model.config.labels
        result = opened.segment(shown(scene))
        confidence = np.stack([mask.numpy_view().squeeze() for mask in result.confidence_masks])
    expected = PyTorchRuntime(checkpoint).run(scene)
    assert len(np.unique(expected)) > 1
    assert confidence.sum(0) == pytest.approx(1, abs=1e-3), "softmax, as the metadata says"
    # MediaPipe resizes confidences, the reference logits: along the edges the two may differ.
    assert (confidence.argmax(0) == expected).mean() > (0.97 if mode in ("none", "float16") else 0.93)


def test_image_segmenter_tells_where_the_only_class_is(tmp_path):
    """By a sigmoid: a softmax over one channel says 1 everywhere."""
    checkpoint = load_checkpoint(save_head(SEGMENTER, tmp_path / "one"), task="segmentation")
    path = convert(checkpoint, tmp_path, TFLiteOptions(output="logits", image_size=(128,))).path
    scene = np.asarray(render("validation", 3).image.resize((128, 128), Picture.Resampling.BILINEAR))
    with segmenter(path) as opened:
        (mask,) = opened.segment(shown(scene)).confidence_masks
    expected = PyTorchRuntime(checkpoint).run(scene)
    assert 0 < expected.mean() < 1
    assert ((mask.numpy_view().squeeze() > 0.5) == expected).mean() > 0.97


def test_a_mask_is_no_file_for_image_segmenter(tmp_path):
    """It would take the mask for as many masks as it is wide."""
    checkpoint = load_checkpoint("demo", "xxs", "segmentation")
    path = convert(checkpoint, tmp_path, TFLiteOptions(image_size=(128,))).path
    with pytest.raises(RuntimeError, match="Invalid activation type"):
        segmenter(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("labels.txt").decode().splitlines() == checkpoint.model.config.labels
    (output,) = metadata_of(path).subgraphMetadata[0].outputTensorMetadata
    (labels,) = output.associatedFiles
    assert labels.type == schema.AssociatedFileType.TENSOR_VALUE_LABELS, "its values are labels' numbers"


def metadata_of(path):
    """TFLite's metadata in a file."""
    model = flatbuffer_utils.read_model(str(path))
    (buffer,) = (each.buffer for each in model.metadata if each.name == b"TFLITE_METADATA")
    return schema.ModelMetadataT.InitFromPackedBuf(bytes(model.buffers[buffer].data), 0)
