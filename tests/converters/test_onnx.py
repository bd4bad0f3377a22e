"""The .onnx files of the demo checkpoint, run in ONNX Runtime on real images, against PyTorch."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from torch import nn

from converters.onnx.__main__ import main
from converters.onnx.convert import convert
from converters.onnx.export import check
from converters.onnx.options import ONNXOptions
from reference import scenes
from reference.manifest import read_manifest
from reference.transformer import TransformerLayer

from ..rounding import assert_as_exact, centred, log_softmax, loss

SCENES = 60


def session(path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def logits(demo_logits) -> tuple[np.ndarray, np.ndarray]:
    """The reference's, exact and as float32 rounds them, centred."""
    return centred(demo_logits("float64")), centred(demo_logits("float32"))


@pytest.fixture(scope="module")
def pixels(demo, photographs) -> list[np.ndarray]:
    return [demo.processor.resize_and_crop(image) for image in photographs]


@pytest.mark.parametrize(
    ("quantize", "multiple"),
    # float16 rounds weights, which is most of its loss: other weights than the oracle's, but as many.
    [("none", 8), ("float16", 4)],
)
def test_equals_pytorch_on_real_images(pixels, logits, demo_logits, onnx_file, quantize, multiple):
    run = session(onnx_file(quantize).path).run
    exact, rounded = logits
    if quantize == "float16":
        rounded = centred(demo_logits("float16 weights"))
    answer = np.concatenate([run(None, {"image": each[None]})[0] for each in pixels])
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert_as_exact(log_softmax(answer), exact, rounded, multiple=multiple)


def test_swapped_channels_would_be_noticed(pixels, logits, onnx_file):
    run = session(onnx_file().path).run
    swapped = np.concatenate([run(None, {"image": each[None, ..., ::-1]})[0] for each in pixels])
    assert loss(log_softmax(swapped), logits[0]) > 0.1


def test_batches_floats_and_an_older_opset_by_the_command(pixels, logits, tmp_path, capfd):
    options = ["--dynamic-batch", "--input-dtype", "float32", "--opset", "18"]
    assert main([*options, "--output-dir", str(tmp_path)]) == 0
    path = tmp_path / "mobilevit_xxs_demo_float32_input-float32_batch_opset18.onnx"
    assert str(path) in capfd.readouterr().out
    model = onnx.load(path)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]
    operations = Counter(node.op_type for node in model.graph.node)
    assert operations["MatMul"] == 2 * operations["LayerNormalization"] - 24 == 18  # two products in 9 layers
    assert not {"Identity", "Shape", "Cast", "Constant", "Gather", "Unsqueeze"} & set(operations)
    run = session(path).run
    for count in (1, 3, len(pixels)):
        (answer,) = run(None, {"image": np.stack(pixels[:count]).astype(np.float32)})
        assert_as_exact(log_softmax(answer), *(each[:count] for each in logits))


def test_nothing_left_over(demo, onnx_file):
    """One node for each layer of the reference that has weights, and what the block's definition needs between."""
    operations = Counter(node.op_type for node in onnx.load(onnx_file().path).graph.node)
    modules = list(demo.model.modules())
    count = {kind: sum(isinstance(module, kind) for module in modules) for kind in (nn.Conv2d, nn.LayerNorm, nn.SiLU)}
    layers = sum(isinstance(module, TransformerLayer) for module in modules)
    assert operations["Conv"] == count[nn.Conv2d]
    assert operations["LayerNormalization"] == count[nn.LayerNorm]
    assert operations["Attention"] == operations["Split"] == layers
    assert operations["Gemm"] == 4 * layers + 1  # query, key and value are one; the classifier
    assert operations["Sigmoid"] == operations["Mul"] == count[nn.SiLU]
    assert operations["Transpose"] == 1 + 2 * 3  # channels first; into patches and back
    assert operations["Cast"] == 1  # of the bytes
    assert not {"Identity", "Shape", "Constant", "Gather", "Unsqueeze"} & set(operations)


def test_at_most_two_thirds_of_the_peers_nodes(onnx_file, peer_onnx):
    ours, theirs = (len(onnx.load(path).graph.node) for path in (onnx_file().path, peer_onnx))
    assert ours <= theirs * 2 / 3


def test_metadata_and_names_are_the_manifests(onnx_file, demo):
    artifact = onnx_file()
    manifest = read_manifest(artifact.path)
    loaded = session(artifact.path)
    (feed,), (fetch,) = loaded.get_inputs(), loaded.get_outputs()
    assert (feed.name, feed.shape, feed.type) == (manifest.input.name, [1, 256, 256, 3], "tensor(uint8)")
    assert (fetch.name, fetch.shape) == (manifest.outputs[0].name, [1, len(manifest.labels)])
    said = loaded.get_modelmeta().custom_metadata_map
    assert json.loads(said["labels"]) == list(demo.model.config.labels)
    assert json.loads(said["preprocessing"])["resize_shortest_edge"] == 288
    assert json.loads(said["input"])["network_color_order"] == "BGR"
    assert (said["color_order"], said["checkpoint_sha256"]) == ("RGB", demo.sha256)
    assert not any(node.metadata_props for node in onnx.load(artifact.path).graph.node), "notes of the exporter's"


def test_float16_halves_the_weights(onnx_file):
    assert onnx_file("float16").manifest.artifact.bytes < 0.6 * onnx_file().manifest.artifact.bytes


@pytest.mark.deep
def test_the_range_method_decides_the_ranges(demo, tmp_path):
    """All values are a wider range than nearly all of them."""
    small = ONNXOptions(quantize="int8", image_size=(128,), calibration_samples=4)
    wide, narrow = (convert(demo, tmp_path, replace(small, range_method=method)) for method in ("minmax", "percentile"))
    assert wide.manifest.calibration.method == "minmax"
    assert narrow.manifest.calibration.method == "percentile 99.999"
    scales = []
    for artifact in (wide, narrow):
        values = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(artifact.path).graph.initializer}
        scales.append({name: value for name, value in values.items() if name.endswith("_scale") and value.ndim == 0})
    shared = scales[0].keys() & scales[1].keys()
    assert len(shared) > 30
    assert all(scales[0][name] >= scales[1][name] * 0.999 for name in shared)
    assert any(scales[0][name] > scales[1][name] * 1.05 for name in shared)


def test_int8_is_integer_and_as_accurate(onnx_file, demo):
    artifact = onnx_file("int8")
    assert artifact.manifest.artifact.compression == "int8"
    assert artifact.manifest.calibration.source == "rendered training scenes"
    assert artifact.manifest.artifact.bytes < 0.4 * onnx_file().manifest.artifact.bytes
    graph = onnx.load(artifact.path).graph
    types = {each.name: each.data_type for each in graph.initializer}
    made = {name: node for node in graph.node for name in node.output}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    for node in layers[4:]:  # but for the stem, and the three convolutions of the first stage
        weight = made[node.input[1]]
        assert (weight.op_type, types[weight.input[0]]) == ("DequantizeLinear", onnx.TensorProto.INT8)
    assert {types[node.input[1]] for node in layers[:4]} == {onnx.TensorProto.FLOAT}
    float_run, run = session(onnx_file().path).run, session(artifact.path).run
    right = np.zeros(2)
    for index in range(SCENES):
        scene = scenes.render("validation", index)
        image = demo.processor.resize_and_crop(scene.image)[None]
        right += [each(None, {"image": image})[0].argmax() == scene.label for each in (float_run, run)]
    drop = 100 * (right[0] - right[1]) / SCENES
    assert drop <= 2, "one scene; the figure for 5,000 is in converters/README.md"


@pytest.mark.parametrize("broken", ["dangling", "shapes", "unknown"])
def test_a_broken_graph_is_refused(onnx_file, broken):
    model = onnx.load(onnx_file().path)
    check(model)
    add = next(node for node in model.graph.node if node.op_type == "Add")
    if broken == "dangling":
        add.input[1] = "nowhere"
    elif broken == "shapes":
        add.input[1] = next(each.name for each in model.graph.initializer if each.name.endswith("classifier.weight"))
    else:
        add.op_type, add.domain = "NobodysOperation", "nobody"
        model.opset_import.append(onnx.helper.make_opsetid("nobody", 1))
    with pytest.raises((onnx.checker.ValidationError, onnx.shape_inference.InferenceError)):
        check(model)


def test_int8_needs_images_and_opsets_are_known(tmp_path, capfd):
    assert main(["--checkpoint", "random", "--quantize", "int8", "--output-dir", str(tmp_path)]) == 2
    assert "give --calibration FOLDER" in capfd.readouterr().err
    for opset in ("17", "99", "new"):
        with pytest.raises(SystemExit, match="2"):
            main(["--opset", opset])
        assert f"{opset} is not one of 18 to 23" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())
