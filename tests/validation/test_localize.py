"""`python -m validation localize`: every format's convolutions beside the reference's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reference.checkpoints import load_checkpoint
from reference.layers import ConvLayer
from validation import localize
from validation.__main__ import main
from validation.checks.localize import align, first_bad
from validation.checks.mistakes import right_values
from validation.runtimes import Layer

from . import mistaken


@pytest.fixture(params=["mlpackage", "tflite", "onnx"])
def artifact(request, tmp_path):
    if request.param == "mlpackage":
        sound = request.getfixturevalue("mlpackage")("float16")
    elif request.param == "tflite":
        sound = request.getfixturevalue("tflite")("none")
    else:
        sound = request.getfixturevalue("onnx_file")("none")
    return mistaken.copy_of(sound.path, tmp_path)


def test_all_convolutions_are_found_and_sound(artifact, demo, photographs):
    located, bound = localize(artifact, photographs[0])
    names = [name for name, module in demo.model.named_modules() if isinstance(module, ConvLayer)]
    assert [each.module for each in located] == names
    assert len({each.tensor for each in located}) == len(names)
    assert first_bad(located, bound) is None


def test_the_command_names_a_spoilt_layer(artifact, capfd):
    spoil(artifact)
    mistaken.describe_anew(artifact)
    assert main(["localize", str(artifact)]) == 1
    out = capfd.readouterr().out
    assert "the first layer that differs is mobilevit.encoder.layer.1.layer.0.conv_3x3 " in out
    assert max(map(len, out.splitlines())) <= 100


def spoil(artifact):
    """Noise in the fifth convolution, the second depthwise one."""
    if artifact.suffix == ".mlpackage":
        mistaken.edit_weights(artifact, mistaken.noise, "layer_1_layer_0_conv_3x3_weight")
    elif artifact.suffix == ".tflite":

        def edit(model, weights):
            kernel = weights(mistaken.convolution_weights(model, 1, "DEPTHWISE_CONV_2D"))
            kernel[:] = mistaken.noise(kernel)

        mistaken.edit_tflite(artifact, edit)
    else:
        import onnx

        model = onnx.load(artifact)
        name = [node.input[1] for node in model.graph.node if node.op_type == "Conv"][5]
        (weight,) = [each for each in model.graph.initializer if each.name == name]
        weight.CopyFrom(
            onnx.numpy_helper.from_array(mistaken.noise(onnx.numpy_helper.to_array(weight)).astype("f4"), name)
        )
        onnx.save(model, artifact)


def test_relu_may_be_part_of_a_convolution(photographs):
    """As TFLite writes the branches of a segmenter's head; anything else there differs."""
    segmenter = load_checkpoint("demo", None, "segmentation")
    layers = []
    handles = [
        (module.normalization or module.convolution).register_forward_hook(
            lambda _, __, result, name=name: layers.append(Layer(name, result[0].detach().numpy()))
        )
        for name, module in segmenter.model.named_modules()
        if isinstance(module, ConvLayer)
    ]
    values = right_values(segmenter, photographs[0])
    with torch.inference_mode():
        segmenter.model(values)
    for handle in handles:
        handle.remove()
    for change, worst in ((lambda value: value, 100), (lambda value: np.maximum(value, 0), 100), (np.abs, -100)):
        changed = [Layer(each.name, change(each.value) if "aspp" in each.name else each.value) for each in layers]
        found = align(segmenter, values, changed)
        assert len(found) == len(layers)
        lowest = min(each.sqnr_db for each in found)
        assert lowest > worst if worst > 0 else lowest < 20
