"""Calibration, precision, tasks and sizes of .mlpackage files, by the project's executor of ML Programs."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest
import torch
from coremltools.models.utils import load_spec
from PIL import Image

from converters.calibration import calibration
from converters.coreml.convert import convert
from converters.coreml.options import COMPRESSIONS, CoreMLOptions
from converters.measure import measure
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from validation.artifact import app_processor
from validation.mil import Program
from validation.runtimes.coreml import CoreMLRuntime
from validation.runtimes.mil import ProgramRuntime
from validation.runtimes.pytorch import PyTorchRuntime

from ..rounding import assert_as_exact, in_both_precisions

pytestmark = pytest.mark.writes_packages


def test_calibration_images_decide_the_ranges(demo, tmp_path):
    pictures = tmp_path / "pictures" / "below"
    pictures.mkdir(parents=True)
    for index, color in enumerate(("black", "#606060")):
        Image.new("RGB", (300, 400), color).save(pictures / f"{index}.png")
    (pictures / "notes.txt").write_text("no image")
    own = calibration(demo, tmp_path / "pictures", 128, required=True)
    scenes = calibration(demo, None, 2, required=True)
    facts = own.facts("minmax")
    assert (facts.source, facts.samples) == ("pictures", 2)
    assert facts.sha256 != scenes.facts("minmax").sha256
    program = torch.export.export(demo.model.mobilevit.conv_stem, (torch.rand(1, 3, 256, 256),)).run_decompositions({})
    (image,) = program.graph_signature.user_inputs
    found = measure(program, own.inputs).ranges[image]
    assert (found.minimum, found.maximum) == (0, pytest.approx(0x60 / 255))
    assert measure(program, scenes.inputs).ranges[image].maximum > 0.9


def test_8_bits_end_where_error_is_least(demo, monkeypatch):
    """Of all values that SiLU answers, in float64, and of ends closer together than those tried: to half a decibel."""
    monkeypatch.setattr("converters.measure.SAMPLED", 1 << 30)
    images = calibration(demo, None, 4, required=True).inputs
    network = torch.nn.Sequential(demo.model.mobilevit.conv_stem, *demo.model.mobilevit.encoder.layer[:2])
    program = torch.export.export(network, (images[0],)).run_decompositions({})
    ranges = measure(program, images).ranges
    values: dict[str, list[np.ndarray]] = {}

    class Watched(torch.fx.Interpreter):
        def run_node(self, node):
            result = super().run_node(node)
            if node.target is torch.ops.aten.silu.default:
                values.setdefault(node.name, []).append(result.numpy().ravel().astype(np.float64))
            return result

    with torch.inference_mode():
        for each in images:
            Watched(program.module()).run(each)
    assert len(values) >= 9
    for name, seen in values.items():
        every = np.concatenate(seen)

        def error(end, every=every):
            return np.square(np.clip(np.round(every * (127 / end)), -127, 127) * (end / 127) - every).mean()

        assert ranges[name].maximum == pytest.approx(np.concatenate(seen).max(), rel=1e-5)
        assert error(ranges[name].end) <= 1.12 * min(map(error, np.linspace(0.05, 1, 200) * ranges[name].maximum))


def test_refusals(demo, tmp_path):
    mine = dataclasses.replace(demo, id="mine")
    with pytest.raises(UserError, match="--calibration FOLDER"):
        convert(mine, tmp_path, CoreMLOptions(compress="w8a8"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there are no images in"):
        convert(demo, tmp_path, CoreMLOptions(compress="w8a8", calibration=tmp_path / "empty"))
    with pytest.raises(UserError, match="w8a8 needs iOS17 or newer"):
        convert(demo, tmp_path, CoreMLOptions(compress="w8a8", minimum_deployment_target="iOS16"))
    with pytest.raises(UserError, match="multiples of 64, not 200"):
        convert(demo, tmp_path, CoreMLOptions(image_size=(256, 200)))
    with pytest.raises(UserError, match="takes squares, not 128x192"):
        convert(demo, tmp_path, CoreMLOptions(image_size=(256, (128, 192))))
    with pytest.raises(UserError, match="features have no logits"):
        convert(load_checkpoint(task="features"), tmp_path, CoreMLOptions(output="logits"))


def test_mixed_precision_keeps_in_float32_what_overflows(tmp_path, photographs):
    checkpoint = load_checkpoint("demo")
    before, after = checkpoint.model.mobilevit.encoder.layer[0].layer[0], checkpoint.model.mobilevit.encoder.layer[1]
    factor = 2.0**17
    with torch.no_grad():  # the last maps of the first stage grow, and the only layer that reads them makes up for it
        norm, expansion = before.reduce_1x1.normalization, after.layer[0].expand_1x1
        for tensor in (norm.weight, norm.bias):
            tensor *= factor
        before.use_residual = False
        expansion.convolution.weight /= factor
    mixed = convert(checkpoint, tmp_path, CoreMLOptions(precision="mixed", calibration_samples=4))
    with pytest.raises(
        UserError, match=r"weights .*layer.0.layer.0.reduce_1x1.*: a value is 120161, and float16 ends at"
    ):
        convert(checkpoint, tmp_path, CoreMLOptions(precision="float16"))
    reference, pixels = PyTorchRuntime(checkpoint), checkpoint.processor.resize_and_crop(photographs[0])
    expected = reference.run(pixels)
    assert np.abs(ProgramRuntime(mixed.path, mixed.manifest).run(pixels) - expected).max() <= 5e-3
    convolutions = [operation for operation in Program(mixed.path).function.walk() if operation.type == "conv"]
    types = Counter(operation.outputs[0].type.tensorType.dataType for operation in convolutions)
    assert sorted(types.values()) == [2, 69], "float32 where it must be, and only there"
    assert mixed.path.name == "mobilevit_xxs_demo_mixed_samples4.mlpackage"


@pytest.mark.parametrize("output", ["answer", pytest.param("logits", marks=pytest.mark.deep)])
@torch.inference_mode()
def test_segmentation(output, photographs, tmp_path):
    """Class maps agree but near borders; logits to float16's rounding."""
    checkpoint = load_checkpoint("demo", task="segmentation")
    if output == "logits":  # of smaller images, as PyTorch takes long in float16
        checkpoint = checkpoint.cropping(256, 256)
    written = convert(checkpoint, tmp_path, CoreMLOptions(output=output))
    (spec,) = written.manifest.outputs
    (feature,) = load_spec(str(written.path)).description.output
    assert (feature.name, feature.type.WhichOneof("Type")) == (spec.name, "multiArrayType")
    assert list(feature.type.multiArrayType.shape) == spec.shape
    program = Program(written.path)
    for image in photographs[:2]:
        pixels = checkpoint.processor.resize_and_crop(image)
        answer = program.predict({"image": pixels})[spec.name]
        values = torch.from_numpy(checkpoint.processor.network_input(pixels))[None]
        reference = checkpoint.model(values)
        if output == "logits":
            assert spec.layout == "NCHW"
            both = in_both_precisions(checkpoint.model, values, dtype=torch.float16)
            assert_as_exact(answer, *(each.logits for each in both), multiple=4)
            continue
        expected = checkpoint.processor.post_process_semantic_segmentation(reference, [pixels.shape[:2]])
        assert answer.dtype == np.int32
        assert answer.shape == (1, *expected[0].shape)
        assert len(expected[0].unique()) > 1
        assert (answer[0] == expected[0].numpy()).mean() >= 0.998
    metadata = load_spec(str(written.path)).description.metadata.userDefined
    assert metadata["com.apple.coreml.model.preview.type"] == "imageSegmenter"
    preview = json.loads(metadata["com.apple.coreml.model.preview.params"])
    assert preview["labels"] == checkpoint.model.config.labels == written.manifest.labels
    assert len(set(preview["colors"])) == len(preview["labels"])


@torch.inference_mode()
def test_features_and_the_map_they_are_the_mean_of(photographs, tmp_path):
    checkpoint = load_checkpoint("demo", task="features")
    written = convert(checkpoint, tmp_path, CoreMLOptions(minimum_deployment_target="iOS15"))
    assert load_spec(str(written.path)).specificationVersion == 6  # Apple's number for iOS 15
    assert written.manifest.labels == []
    pixels = checkpoint.processor.resize_and_crop(photographs[0])
    answer = Program(written.path).predict({"image": pixels})
    values = torch.from_numpy(checkpoint.processor.network_input(pixels))[None]
    both = in_both_precisions(checkpoint.model, values, dtype=torch.float16)
    assert [output.name for output in written.manifest.outputs] == list(answer) == ["features", "feature_map"]
    assert_as_exact(answer["features"], *(each.pooler_output for each in both), multiple=4)
    assert_as_exact(answer["feature_map"], *(each.last_hidden_state for each in both), multiple=4)
    assert written.manifest.outputs[1].shape == list(both[0].last_hidden_state.shape)


@pytest.mark.parametrize("task", ["classification", pytest.param("segmentation", marks=pytest.mark.deep)])
def test_one_artifact_for_images_of_several_sizes(task, photographs, tmp_path):
    """The first one a single step of 64, which PyTorch would take for a constant."""
    checkpoint = load_checkpoint("demo", task=task)
    written = convert(checkpoint, tmp_path, CoreMLOptions(precision="float32", image_size=(64, 192)))
    manifest = written.manifest
    assert written.path.name.endswith("_64-192.mlpackage")
    (feature,) = load_spec(str(written.path)).description.input
    sizes = feature.type.imageType.enumeratedSizes.sizes
    assert [(size.width, size.height) for size in sizes] == [(64, 64), (192, 192)]
    program = Program(written.path)
    edges = []
    for side, facts in zip((64, 192), [manifest.preprocessing, *manifest.other_sizes]):
        pixels = app_processor(manifest, facts).resize_and_crop(photographs[0])
        assert pixels.shape == (side, side, 3)
        expected = PyTorchRuntime(checkpoint.cropping(side, side)).run(pixels)
        answer = program.predict({"image": pixels})[manifest.answer.name]
        if task == "classification":
            assert np.abs(np.array(list(answer.values())) - expected).max() <= 1e-5
        else:
            assert (answer[0] == expected).mean() >= 0.9999
        edges.append(facts.resize_shortest_edge)
    assert edges == ([72, 216] if task == "classification" else [68, 204])


@pytest.mark.deep
def test_a_smaller_image(demo, photographs, tmp_path):
    written = convert(demo, tmp_path, CoreMLOptions(image_size=(160,)))
    assert written.path.name == "mobilevit_xxs_demo_float16_160.mlpackage"
    assert (written.manifest.preprocessing.resize_shortest_edge, written.manifest.other_sizes) == (180, [])
    pixels = app_processor(written.manifest).resize_and_crop(photographs[0])
    expected = PyTorchRuntime(demo.cropping(160, 160)).run(pixels)
    assert np.abs(ProgramRuntime(written.path, written.manifest).run(pixels) - expected).max() <= 5e-3


@pytest.mark.macos
@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("classification", {}),
        ("classification", {"precision": "float32"}),
        *(("classification", {"compress": compress}) for compress in COMPRESSIONS),
        ("segmentation", {}),
        ("segmentation", {"output": "logits"}),
        ("features", {}),
    ],
)
def test_core_ml_equals_the_executor_and_pytorch(task, options, photographs, tmp_path):
    checkpoint = load_checkpoint("demo", task=task)
    written = convert(checkpoint, tmp_path, CoreMLOptions(**options))
    runtimes = [kind(written.path, written.manifest) for kind in (CoreMLRuntime, ProgramRuntime)]
    for image in photographs[:4]:
        pixels = checkpoint.processor.resize_and_crop(image)
        core_ml, executor = (runtime.run(pixels) for runtime in runtimes)
        if core_ml.dtype == np.int32:
            assert (core_ml == executor).mean() >= 0.998
        else:  # float16 throughout, in the order of operations that Apple chooses
            assert np.abs(core_ml - executor).max() <= 0.02 * max(1, np.abs(executor).max())
