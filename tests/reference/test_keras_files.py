"""The TF classes from and to files: checkpoints, TFLite, and what importing them needs."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import reference
from reference import MobileViTConfig
from reference.errors import UserError

from ..rounding import assert_as_exact, assert_as_model, in_both_precisions, loss
from .keras_twins import DEMO, KINDS, SEGMENTER, TINY, pair, pixels

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_go_both_ways(tmp_path, kind):
    model, twin = pair(kind, **TINY, num_labels=4)
    twin.save_pretrained(tmp_path)
    saved = getattr(reference, kind).from_pretrained(tmp_path).state_dict()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, saved[name]) or name.endswith("num_batches_tracked"), name
    back = getattr(reference, f"TF{kind}").from_pretrained(tmp_path, from_pt=True)
    assert np.array_equal(back(pixels(1, 64, 64).numpy())[0], twin(pixels(1, 64, 64).numpy())[0])


def test_a_backbone_and_a_new_head_from_a_classifier(tmp_path, demo):
    backbone = reference.TFMobileViTModel.from_pretrained(DEMO, expand_output=False)
    images = pixels(1, 64, 64)
    exact, rounded = in_both_precisions(demo.model, images, output_hidden_states=True)
    answer = backbone(images.numpy()).last_hidden_state
    assert_as_exact(answer, exact.hidden_states[-1], rounded.hidden_states[-1])
    tuned = reference.TFMobileViTForImageClassification.from_pretrained(
        DEMO, num_labels=7, ignore_mismatched_sizes=True
    )
    assert tuned(images.numpy()).logits.shape == (1, 7)
    assert reference.TFMobileViTForImageClassification(MobileViTConfig(**TINY)).trainable_variables


def test_options_of_from_pretrained():
    config = MobileViTConfig.from_pretrained(DEMO, output_hidden_states=True, image_size=[64, 96])
    kind = reference.TFMobileViTForImageClassification
    twin = kind.from_pretrained(pretrained_model_name_or_path=DEMO, config=config, dtype="float16")
    answer = twin(twin.dummy_inputs)
    assert answer.logits.dtype == tf.float32
    assert answer.hidden_states[0].shape[2:] == (32, 48)
    twin.config.output_hidden_states = False
    assert "hidden_states" not in twin(twin.dummy_inputs)
    with pytest.raises(UserError, match="unknown option form_pt"):
        kind.from_pretrained(DEMO, form_pt=True)


def test_the_converter_of_the_hugging_face_page(demo, photographs):
    """The page's own lines. No operation of the file needs SELECT_TF_OPS, which the page allows."""
    model = reference.TFMobileViTForImageClassification.from_pretrained(DEMO)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    tflite_model = converter.convert()
    assert 0.9e6 < len(tflite_model) < 1.5e6

    interpreter = in_litert(tflite_model)
    run = interpreter.get_signature_runner()
    exact, rounded = copy.deepcopy(demo.model).double(), in_eight_bits(demo.model)
    found, expected, imitated = [], [], []
    with torch.no_grad():
        for image in photographs[:6]:
            inputs = demo.processor(image, return_tensors="np")
            values = torch.from_numpy(inputs["pixel_values"]).double()
            expected.append(exact(values).logits[0])
            imitated.append(rounded(values).logits[0])
            found.append(run(**inputs)["logits"][0])
    expected, imitated = torch.stack(expected), torch.stack(imitated)
    assert_as_exact(np.stack(found), expected, imitated, multiple=2)
    sure = (
        np.diff(np.sort(expected, axis=1)[:, -2:])[:, 0]
        > 2 * 2 * loss(imitated, expected) * expected.abs().max().item()
    )
    assert sure.sum() > 3, "the bundled network knows its scenes"
    assert (np.argmax(found, axis=1) == np.argmax(expected, axis=1))[sure].all()


def in_eight_bits(model: torch.nn.Module) -> torch.nn.Module:
    """What TFLite's dynamic range quantization rounds, in float64.

    Weights by the largest one of each output channel; what convolutions and linear layers take, by the largest value of
    each image.
    """

    def rounded(values, dimensions):
        step = values.abs().amax(dim=dimensions, keepdim=True) / 127
        return torch.where(step > 0, (values / step).round() * step, values)

    model = copy.deepcopy(model).double()
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            with torch.no_grad():
                module.weight.copy_(rounded(module.weight, tuple(range(1, module.weight.ndim))))
            module.register_forward_pre_hook(lambda _, inputs: (rounded(inputs[0], tuple(range(1, inputs[0].ndim))),))
    return model


@pytest.mark.deep
@torch.no_grad()
def test_segmentation_converts_with_builtin_operations():
    model, twin = pair(SEGMENTER, **TINY, output_stride=16, num_labels=5)
    images = pixels(1, 64, 64)
    spec = tf.TensorSpec(images.shape, name="pixel_values")
    function = tf.function(lambda pixel_values: twin(pixel_values).logits).get_concrete_function(spec)
    frozen = convert_variables_to_constants_v2(function)  # by far the fastest way
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = in_litert(converter.convert())
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images.numpy())
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert_as_model(answer, model, images)


def in_litert(content: bytes) -> Interpreter:
    """An interpreter for a file without foreign operations."""
    plain = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    names = {operation["op_name"] for operation in plain._get_ops_details()}
    assert not [name for name in names if name.startswith(("Flex", "CUSTOM"))]
    return Interpreter(model_content=content)


def python(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={"PATH": "", **environment}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_importing_the_reference_loads_nothing_heavy():
    code = (
        "import sys, reference, reference.config\n"
        "assert reference.MobileViTConfig and 'TFMobileViTModel' in reference.__all__\n"
        "print({'torch', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    assert python(code) == "set()"


def test_missing_tensorflow_is_named():
    code = (
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'tensorflow' else find(name, *rest)\n"
        "import reference\n"
        "try:\n"
        "    reference.TFMobileViTModel\n"
        "except reference.errors.UserError as error:\n"
        "    print(error)"
    )
    assert python(code) == (
        "tensorflow is not installed: enter the environment that make convert makes (. .venv/bin/activate), or run "
        "pip install -e '.[tflite]' in the project's folder"
    )


@pytest.mark.deep
@pytest.mark.parametrize("keras_first", [False, True])
def test_keras_set_to_another_backend(keras_first):
    code = (
        f"import reference{', keras' if keras_first else ''}\n"
        "try:\n"
        "    print(reference.TFMobileViTModel.__name__)\n"
        "except reference.errors.UserError as error:\n"
        "    print(error)"
    )
    answer = python(code, KERAS_BACKEND="torch", TF_CPP_MIN_LOG_LEVEL="3")
    assert answer.startswith("Keras already runs on torch:" if keras_first else "TFMobileViTModel")
