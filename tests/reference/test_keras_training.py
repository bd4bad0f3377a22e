"""Losses, gradients and training mode of the TF classes against the PyTorch reference."""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
import torch

from reference.errors import UserError
from reference.keras import keras

from ..rounding import assert_as_exact
from .keras_twins import CLASSIFIER, SEGMENTER, TINY, pair, pixels

RATE = 0.01  # of learning
NO_DROPOUT = dict.fromkeys(("hidden_dropout_prob", "classifier_dropout_prob", "aspp_dropout_prob"), 0.0)


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


def compare_gradients(model, twin, images, labels, training=False):
    """Losses, and the gradients of all weights side by side; returns the model in float64, after the same."""
    exact = copy.deepcopy(model).double()
    losses = [
        exact(images.double(), labels=labels.double() if labels.is_floating_point() else labels).loss,
        model(images, labels=labels).loss,
    ]
    for loss in losses:
        loss.backward()
    with tf.GradientTape() as tape:
        answer = twin({"pixel_values": images.numpy(), "labels": labels.numpy()}, training=training).loss
    assert answer.shape == ()
    assert_as_exact(answer, *(loss.detach() for loss in losses))

    names = [name for name, _ in model.named_parameters()]
    variables = twin.trainable_variables
    assert len(variables) == len(names)
    gradients = tape.gradient(answer, variables)
    # The names are those of the state dict: let the gradients take the weights' places, and read them as weights.
    for variable, gradient in zip(variables, gradients):
        variable.assign(gradient)
    state = twin.network.torch_state()
    expected = [torch.cat([each.get_parameter(name).grad.flatten() for name in names]) for each in (exact, model)]
    assert_as_exact(np.concatenate([np.ravel(state[name]) for name in names]), *expected)
    return exact


def test_training_mode_equals_the_reference():
    """BatchNorm over the batch, and its running statistics; dropout off, since its random numbers cannot be shared."""
    model, twin = pair(SEGMENTER, **TINY, **NO_DROPOUT, output_stride=16, num_labels=5)
    images, labels = pixels(3, 64, 64), torch.zeros((3, 64, 64), dtype=torch.long)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    exact = compare_gradients(model.train(), twin, images, labels, training=True)
    state = twin.network.torch_state()
    moved = 0
    for name, buffer in model.named_buffers():
        if not name.endswith("num_batches_tracked"):
            if buffer.abs().max() > 1e-2:
                assert_as_exact(state[name], exact.get_buffer(name), buffer, name)
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


def losses_in_training(model, images, labels):
    """Before the first and the second step of PyTorch's own SGD."""
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=RATE), []
    for _ in range(2):
        optimizer.zero_grad()
        loss = model.train()(images.to(next(model.parameters()).dtype), labels=labels).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_keras_trains_and_predicts():
    """The loss comes from the model; eager, since compiling the training step takes a minute."""
    model, twin = pair(CLASSIFIER, **TINY, **NO_DROPOUT, num_labels=3)
    tensor, targets = pixels(6, 64, 64), torch.tensor([0, 1, 2, 0, 1, 2])
    images, labels = tensor.numpy(), targets.numpy()
    twin.compile(optimizer=keras.optimizers.SGD(RATE), metrics=["accuracy"], run_eagerly=True)
    before = twin.test_on_batch(images, labels, return_dict=True)
    assert before["loss"] == pytest.approx(float(twin(images, labels=labels).loss), rel=1e-5)
    first = twin.train_on_batch({"pixel_values": images, "labels": labels}, return_dict=True)
    second = twin.train_on_batch(images, labels, return_dict=True)
    assert set(first) == {"loss", "accuracy"}
    exact, rounded = (losses_in_training(each, tensor, targets) for each in (copy.deepcopy(model).double(), model))
    assert_as_exact([first["loss"], second["loss"]], exact, rounded)
    twin.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    given = twin.test_on_batch(images, labels, return_dict=True)
    assert given["loss"] == pytest.approx(float(twin(images, labels=labels).loss), rel=1e-5)
    predicted = twin.predict({"pixel_values": images}, batch_size=4, verbose=0)
    # Keras predicts in batches of other sizes: the same sums in another order.
    assert_as_exact(predicted["logits"], twin(images).logits, twin(images).logits)


def test_one_class_segmentation_loss_is_refused():
    _, twin = pair(SEGMENTER, **TINY, num_labels=1)
    with pytest.raises(UserError, match="more than one label"):
        twin(pixels(1, 64, 64).numpy(), labels=np.zeros((1, 64, 64), np.int64))
