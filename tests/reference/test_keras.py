"""The TF classes against the PyTorch reference, on well-scaled weights."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import reference
from reference import MobileViTConfig
from reference.checkpoints import BUNDLED
from reference.config import SIZES
from reference.errors import UserError
from reference.initialise import randomise
from reference.keras import keras

from ..conftest import logits_error

ROOT = Path(__file__).parent.parent.parent
DEMO = BUNDLED / "classification" / "xxs"
TOLERANCE = 1e-5  # of the largest value
CLASSIFIER, SEGMENTER, BACKBONE = KINDS = (
    "MobileViTForImageClassification",
    "MobileViTForSemanticSegmentation",
    "MobileViTModel",
)
TINY = {
    "hidden_sizes": [16, 24, 32],
    "neck_hidden_sizes": [8, 8, 16, 16, 24, 24, 40],
    "expand_ratio": 2.0,
    "aspp_out_channels": 24,
    "image_size": 64,
}
NO_DROPOUT = dict.fromkeys(("hidden_dropout_prob", "classifier_dropout_prob", "aspp_dropout_prob"), 0.0)


def pair(kind: str, *arguments, **fields):
    """The PyTorch model and its TF twin, with the same well-scaled weights."""
    model = getattr(reference, kind)(MobileViTConfig(**fields), *arguments)
    randomise(model, seed=3)
    return model.eval(), getattr(reference, f"TF{kind}")(model.config, source=model)


def pixels(batch: int, height: int, width: int) -> torch.Tensor:
    coarse = torch.rand((batch, 3, 7, 7), generator=torch.Generator().manual_seed(width))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


def assert_equal(answer, expected):
    """Every field there is, hidden states one by one."""
    assert list(answer) == [name for name, value in vars(expected).items() if value is not None]
    for name in answer:
        ours, theirs = answer[name], expected[name]
        for mine, other in zip(ours, theirs, strict=True) if name == "hidden_states" else [(ours, theirs)]:
            assert tuple(mine.shape) == tuple(other.shape)
            assert logits_error(mine.numpy(), other.detach().numpy()) <= TOLERANCE, name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("kind", "fields", "side"),
    [(CLASSIFIER, {"num_labels": 1000}, 256), (SEGMENTER, {"num_labels": 21, "output_stride": 16}, 512)],
)
@torch.no_grad()
def test_published_architectures_equal_the_reference(size, kind, fields, side):
    model, twin = pair(kind, **SIZES[size], **fields)
    images = pixels(1, side, side)
    assert_equal(twin(images.numpy()), model(images))


@pytest.mark.parametrize("kind", [CLASSIFIER, SEGMENTER])
@pytest.mark.parametrize(
    "fields",
    [
        {"output_stride": 16},
        {"patch_size": 3, "output_stride": 8, "conv_kernel_size": 5, "atrous_rates": [1, 2, 3]},
        {"patch_size": 4, "qkv_bias": False, "hidden_act": "gelu", "layer_norm_eps": 1e-3, "conv_kernel_size": 1},
    ],
)
@torch.no_grad()
def test_other_architectures_image_sizes_and_batches(kind, fields):
    model, twin = pair(kind, **TINY, **fields, num_labels=5)
    for shape in ((2, 200, 232), (3, 129, 97)):
        images = pixels(*shape)
        assert_equal(twin(images.numpy(), output_hidden_states=True), model(images, output_hidden_states=True))


@torch.no_grad()
def test_backbone_without_expansion():
    model, twin = pair(BACKBONE, False, **TINY)
    answer = twin(pixels(1, 64, 96).numpy())
    assert answer.pooler_output is None
    assert_equal(answer, model(pixels(1, 64, 96)))


@torch.no_grad()
def test_functions_traced_for_any_shape():
    model, twin = pair(SEGMENTER, **TINY, output_stride=16)
    traced = tf.function(twin, input_signature=[tf.TensorSpec((None, None, None, None))])
    for shape in ((1, 64, 64), (3, 70, 97)):
        assert_equal(traced(pixels(*shape).numpy()), model(pixels(*shape)))


@torch.no_grad()
def test_demo_checkpoint_on_rendered_scenes(demo, photographs):
    twin = reference.TFMobileViTForImageClassification.from_pretrained(DEMO)
    images = photographs[:6]
    inputs = demo.processor(images, return_tensors="tf")
    assert isinstance(inputs.pixel_values, tf.Tensor)
    expected = demo.model(**demo.processor(images, return_tensors="pt"))
    answer = twin(**inputs)
    assert_equal(answer, expected)
    assert_equal(twin(inputs), expected)
    (logits,) = twin(inputs, return_dict=False)
    assert np.array_equal(logits, answer.logits)
    assert np.array_equal(answer[0], answer["logits"])
    assert answer.loss is None


def test_output_forms_follow_the_configuration():
    _, twin = pair(CLASSIFIER, **TINY, output_hidden_states=True, return_dict=False)
    logits, hidden_states = twin(pixels(1, 64, 64).numpy())
    assert logits.shape == (1, 2)
    assert len(hidden_states) == 5
    assert twin(pixels(1, 64, 64).numpy(), output_hidden_states=False, return_dict=True).hidden_states is None


@pytest.mark.parametrize(
    ("num_labels", "problem_type", "labels"),
    [
        (1, None, torch.tensor([0.5, -1.0])),
        (4, None, torch.tensor([3, 0])),
        (4, None, torch.tensor([-100, 2])),  # one label is skipped
        (4, None, torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])),
        (4, "regression", torch.tensor([[0.1, 2.0, -1.0, 0.4], [1, 2, 3, 4]])),
    ],
)
def test_classification_loss_and_gradients(num_labels, problem_type, labels):
    extra = {"problem_type": problem_type} if problem_type else {}
    model, twin = pair(CLASSIFIER, **TINY, num_labels=num_labels, **extra)
    compare_gradients(model, twin, pixels(2, 64, 72), labels)


def test_segmentation_loss_and_gradients():
    model, twin = pair(SEGMENTER, **TINY, output_stride=16, num_labels=5)
    labels = torch.randint(0, 5, (2, 50, 64), generator=torch.Generator().manual_seed(1))
    labels[:, :9] = 255
    compare_gradients(model, twin, pixels(2, 64, 64), labels)


def compare_gradients(model, twin, images, labels, training=False, tolerance=1e-4):
    """Losses, and the gradients of all weights."""
    loss = model(images, labels=labels).loss
    loss.backward()
    with tf.GradientTape() as tape:
        answer = twin({"pixel_values": images.numpy(), "labels": labels.numpy()}, training=training).loss
    assert answer.shape == ()
    assert float(answer) == pytest.approx(loss.item(), rel=1e-5)

    expected = {name: parameter.grad for name, parameter in model.named_parameters()}
    variables = twin.trainable_variables
    assert len(variables) == len(expected)
    gradients = tape.gradient(answer, variables)
    # The names are those of the state dict: let the gradients take the weights' places, and read them as weights.
    for variable, gradient in zip(variables, gradients):
        variable.assign(gradient)
    state = twin.network.torch_state()
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        assert np.abs(state[name] - gradient.numpy()).max() <= tolerance * largest, name


def test_training_mode_equals_the_reference():
    """BatchNorm over the batch, and its running statistics; dropout off, since its random numbers cannot be shared."""
    model, twin = pair(SEGMENTER, **TINY, **NO_DROPOUT, output_stride=16, num_labels=5)
    images, labels = pixels(3, 64, 64), torch.zeros((3, 64, 64), dtype=torch.long)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    compare_gradients(model.train(), twin, images, labels, training=True, tolerance=1e-3)
    state = twin.network.torch_state()
    moved = 0
    for name, buffer in model.named_buffers():
        if not name.endswith("num_batches_tracked"):
            assert np.allclose(state[name], buffer, rtol=1e-4, atol=1e-5), name
            moved += not torch.allclose(before[name], buffer, rtol=1e-2, atol=1e-2)
    assert moved > 40


def test_statistics_rest_outside_training_and_where_frozen():
    model, twin = pair(CLASSIFIER, **TINY)
    twin(pixels(2, 64, 64).numpy())
    twin.mobilevit.trainable = False
    twin(pixels(2, 64, 64).numpy(), training=True)
    state = twin.network.torch_state()
    assert all(np.array_equal(state[name], buffer) for name, buffer in model.named_buffers() if name in state)
    assert len(twin.trainable_variables) == 2  # the classifier's


def test_dropout_is_where_the_reference_has_it():
    rates = dict(zip((*NO_DROPOUT, "attention_probs_dropout_prob"), (0.11, 0.12, 0.13, 0.14)))
    model, twin = pair(SEGMENTER, **TINY, **rates)
    expected = Counter(
        (type(module) is torch.nn.Dropout2d, module.p)
        for module in model.modules()
        if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d)
    )
    layers = [layer for layer in twin._flatten_layers() if isinstance(layer, keras.layers.Dropout)]
    assert Counter((type(layer) is keras.layers.SpatialDropout2D, layer.rate) for layer in layers) == expected
    assert len(expected) == 4
    twin(pixels(1, 64, 64).numpy(), training=True)
    assert all(layer._called for layer in layers), "made, and then left out"


def test_dropout_is_active_in_training_only():
    _, twin = pair(CLASSIFIER, **TINY, **{**NO_DROPOUT, "hidden_dropout_prob": 0.5})
    images = pixels(2, 64, 64).numpy()
    first, second = (twin(images, training=True).logits.numpy() for _ in range(2))
    assert np.abs(first - second).max() > 1e-2 * np.abs(first).max()
    assert np.array_equal(twin(images).logits, twin(images, training=False).logits)


def test_keras_trains_and_predicts():
    """The loss comes from the model; eager, since compiling the training step takes a minute."""
    _, twin = pair(CLASSIFIER, **TINY, num_labels=3)
    images, labels = pixels(6, 64, 64).numpy(), np.array([0, 1, 2, 0, 1, 2])
    twin.compile(optimizer="sgd", metrics=["accuracy"], run_eagerly=True)
    before = twin.test_on_batch(images, labels, return_dict=True)
    assert before["loss"] == pytest.approx(float(twin(images, labels=labels).loss), rel=1e-5)
    first = twin.train_on_batch({"pixel_values": images, "labels": labels}, return_dict=True)
    second = twin.train_on_batch(images, labels, return_dict=True)
    assert set(first) == {"loss", "accuracy"}
    assert second["loss"] < first["loss"]
    twin.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    given = twin.test_on_batch(images, labels, return_dict=True)
    assert given["loss"] == pytest.approx(float(twin(images, labels=labels).loss), rel=1e-5)
    predicted = twin.predict({"pixel_values": images}, batch_size=4, verbose=0)
    assert logits_error(predicted["logits"], twin(images).logits) <= TOLERANCE


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
    with torch.no_grad():
        expected = demo.model(images, output_hidden_states=True).hidden_states[-1]
    assert logits_error(backbone(images.numpy()).last_hidden_state, expected) <= TOLERANCE
    tuned = reference.TFMobileViTForImageClassification.from_pretrained(
        DEMO, num_labels=7, ignore_mismatched_sizes=True
    )
    assert tuned(images.numpy()).logits.shape == (1, 7)
    assert reference.TFMobileViTForImageClassification(MobileViTConfig(**TINY)).trainable_variables


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
    with torch.no_grad():
        for image in photographs:
            inputs = demo.processor(image, return_tensors="np")
            expected = demo.model(torch.from_numpy(inputs["pixel_values"])).logits.numpy()
            answer = run(**inputs)["logits"]
            assert logits_error(answer, expected) <= 0.03  # int8 weights
            assert answer.argmax() == expected.argmax()


@torch.no_grad()
def test_segmentation_converts_with_builtin_operations():
    model, twin = pair(SEGMENTER, **TINY, output_stride=16, num_labels=5)
    converter = tf.lite.TFLiteConverter.from_keras_model(twin)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = in_litert(converter.convert())
    answer = interpreter.get_signature_runner()(pixel_values=pixels(1, 64, 64).numpy())["logits"]
    assert logits_error(answer, model(pixels(1, 64, 64)).logits) <= TOLERANCE


def in_litert(content: bytes) -> Interpreter:
    """An interpreter for a file without foreign operations."""
    plain = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    names = {operation["op_name"] for operation in plain._get_ops_details()}
    assert not [name for name in names if name.startswith(("Flex", "CUSTOM"))]
    return Interpreter(model_content=content)


def test_wrong_inputs_are_told_in_one_line():
    _, twin = pair(CLASSIFIER, **TINY)
    for inputs, message in (
        (np.zeros((1, 256, 256, 3), np.float32), "must have 3 channels at their second place"),
        (np.zeros((3, 64, 64), np.float32), r"must be \[batch, channels, height, width\]"),
        ({"images": np.zeros((1, 3, 64, 64), np.float32)}, "inputs need pixel_values, and have images"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            twin(inputs)
        assert len(str(caught.value).splitlines()) == 1


def test_mistakes_at_the_start_are_told(tmp_path):
    model, _ = pair(CLASSIFIER, **TINY)
    with pytest.raises(UserError, match="source must be a MobileViTModel, not a MobileViTForImageClassification"):
        reference.TFMobileViTModel(model.config, source=model)
    with pytest.raises(UserError, match="no activation <built-in function softplus>"):
        reference.TFMobileViTModel(MobileViTConfig(**TINY, hidden_act=torch.nn.functional.softplus))
    with pytest.raises(UserError, match="does not exist"):
        reference.TFMobileViTModel.from_pretrained(tmp_path / "nowhere")


def test_one_class_segmentation_loss_is_refused():
    _, twin = pair(SEGMENTER, **TINY, num_labels=1)
    with pytest.raises(UserError, match="more than one label"):
        twin(pixels(1, 64, 64).numpy(), labels=np.zeros((1, 64, 64), np.int64))


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
    assert python(code) == ("tensorflow is not installed: run pip install -e '.[tflite]' in the project's folder")


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
