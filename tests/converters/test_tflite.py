"""The .tflite files, run in LiteRT on real images, against PyTorch."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from converters.deployable import deployable
from converters.passes import FOR_INTEGERS
from reference import MobileViTConfig, MobileViTForImageClassification, MobileViTImageProcessor
from reference.activations import ACTIVATIONS
from reference.checkpoints import Checkpoint
from reference.config import SIZES
from reference.errors import UserError
from reference.initialise import randomise
from reference.keras.activations import activation
from reference.manifest import read_manifest
from validation import structure
from validation.runtimes.pytorch import PyTorchRuntime

from ..rounding import assert_as_exact, centred, in_both_precisions, log_softmax


def run(artifact, pixels: np.ndarray, **options) -> np.ndarray:
    """Probabilities, by the low-level interface that apps use."""
    interpreter = Interpreter(str(artifact.path), **options)
    interpreter.allocate_tensors()
    (feed,), (fetch,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(feed["index"], pixels[None].astype(feed["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(fetch["index"])[0]


@pytest.mark.parametrize(
    ("mode", "input_dtype", "multiple"),
    # float16 rounds weights, which is most of its loss: other weights than the oracle's, but as many.
    [("none", "float32", 8), ("none", "uint8", 8), ("float16", "float32", 4)],
)
def test_equals_pytorch_on_real_images(demo, photographs, demo_logits, tflite, mode, input_dtype, multiple):
    artifact = tflite(mode, input_dtype)
    exact, rounded = demo_logits("float64"), demo_logits("float16 weights" if mode == "float16" else "float32")
    answers = np.stack([run(artifact, demo.processor.resize_and_crop(image)) for image in photographs])
    assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert_as_exact(log_softmax(answers), centred(exact), centred(rounded), multiple=multiple)


def test_swapped_channels_would_be_noticed(demo, photographs, tflite):
    pixels = [demo.processor.resize_and_crop(image) for image in photographs]
    runtime = PyTorchRuntime(demo)
    errors = [np.abs(run(tflite("none"), p[..., ::-1]) - runtime.run(p)).max() for p in pixels]
    assert max(errors) > 0.3


@pytest.mark.parametrize("input_dtype", ["float32", "uint8"])
def test_input_is_rgb_bytes_and_names_are_the_manifests(tflite, input_dtype):
    artifact = tflite("none", input_dtype)
    manifest = read_manifest(artifact.path)
    interpreter = Interpreter(str(artifact.path))
    (feed,), (fetch,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert feed["shape"].tolist() == manifest.input.shape == [1, 256, 256, 3]
    assert feed["dtype"] == np.dtype(input_dtype) == np.dtype(manifest.input.dtype)
    assert fetch["shape"].tolist() == manifest.outputs[0].shape == [1, len(manifest.labels)]
    (signature,) = interpreter.get_signature_list().values()
    assert signature == {"inputs": [manifest.input.name], "outputs": [manifest.outputs[0].name]}


def operations(artifact) -> list[str]:
    plain = Interpreter(
        str(artifact.path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    return [operation["op_name"] for operation in plain._get_ops_details()]


@pytest.mark.parametrize("mode", ["none", "float16"])
def test_one_xnnpack_partition_from_the_input_to_the_output(tflite, mode):
    interpreter = Interpreter(str(tflite(mode).path), num_threads=1)
    interpreter.allocate_tensors()
    (partition,) = (node for node in interpreter._get_ops_details() if node["op_name"] == "DELEGATE")
    (feed,), (fetch,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert feed["index"] in partition["inputs"]
    assert partition["outputs"].tolist() == [fetch["index"]]


def test_raw_bytes_are_cast_before_the_partition(tflite):
    """What the test above would see if anything ran outside."""
    interpreter = Interpreter(str(tflite("none", "uint8").path), num_threads=1)
    interpreter.allocate_tensors()
    (partition,) = (node for node in interpreter._get_ops_details() if node["op_name"] == "DELEGATE")
    assert interpreter.get_input_details()[0]["index"] not in partition["inputs"]


@pytest.mark.parametrize(
    ("size", "fields", "height", "width"),
    [
        ("xs", {}, 256, 256),
        ("s", {}, 256, 256),
        ("xxs", {}, 200, 232),  # feature maps that patches do not tile
        ("xxs", {"patch_size": 4, "output_stride": 16, "qkv_bias": False}, 192, 160),
        ("xxs", {"hidden_act": "gelu"}, 64, 64),
        *[pytest.param("xxs", {"hidden_act": act}, 64, 64, marks=pytest.mark.deep) for act in ACTIVATIONS],
    ],
)
def test_keras_twin_equals_the_deployable_network(size, fields, height, width):
    import tensorflow as tf

    from converters.tflite.keras_mobilevit import build

    config = MobileViTConfig(**{**SIZES[size], **fields}, num_labels=50)
    model = MobileViTForImageClassification(config)
    randomise(model, seed=1)
    checkpoint = Checkpoint("test", "classification", "0" * 64, model, MobileViTImageProcessor())
    classifier = deployable(checkpoint, passes=FOR_INTEGERS, bake_input=True)
    coarse = torch.rand((1, 3, 9, 9), generator=torch.Generator().manual_seed(1)) * 255
    image = torch.nn.functional.interpolate(coarse, size=(height, width))
    function = build(classifier, height, width, "float32")
    gc.collect()  # the twin, whose weights the function must not need any more
    answer = function(tf.constant(image.permute(0, 2, 3, 1).numpy()))[0].numpy()
    exact, rounded = in_both_precisions(classifier.network, image)
    assert_as_exact(log_softmax(answer), centred(exact.logits), centred(rounded.logits))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_pytorchs(name):
    source = ACTIVATIONS[name]()
    values = torch.linspace(-12, 12, 4001)
    exact, rounded = in_both_precisions(source, values)
    assert_as_exact(activation(source)(values.numpy()), exact, rounded)


def test_activation_without_a_twin_is_refused(demo):
    from converters.tflite.keras_mobilevit import build

    network = deployable(demo, passes=FOR_INTEGERS, bake_input=True)
    network.network.mobilevit.conv_stem.activation = torch.nn.Softsign()
    with pytest.raises(UserError, match="no activation Softsign"):
        build(network, 64, 64, "float32")


def test_builtin_operations_only_and_nothing_before_the_stem(tflite):
    for input_dtype, extra in (("float32", []), ("uint8", ["CAST"])):
        names = operations(tflite("none", input_dtype))
        assert not [name for name in names if name.startswith(("Flex", "CUSTOM"))]
        # PyTorch's symmetric padding, then the stem: scale and channel order cost no operation.
        assert names[: len(extra) + 2] == [*extra, "PAD", "CONV_2D"]


def test_names_do_not_depend_on_the_input(tflite):
    """Rules of quantization go by them, the user's own too."""
    floats, raw = (
        {detail["name"] for detail in Interpreter(str(tflite("none", dtype).path)).get_tensor_details()}
        for dtype in ("float32", "uint8")
    )
    assert "layer.0/layer.0/expand_1x1/mul" in floats
    assert floats <= raw
    assert len(raw - floats) == 1, "of the cast"


@pytest.mark.parametrize("mode", ["none", "float16"])
def test_the_gpu_delegate_knows_all_operations(tflite, mode):
    """By TensorFlow's own list of them; its analyzer's check says yes to everything."""
    (found,) = structure([tflite(mode).path])
    assert [each.reason for each in found.obstacles] == []


def test_float16_halves_the_weights(tflite):
    half, full = tflite("float16"), tflite("none")
    assert half.manifest.artifact.bytes < 0.6 * full.manifest.artifact.bytes
