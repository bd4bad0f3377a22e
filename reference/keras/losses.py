"""The losses of the models with a head, as the PyTorch reference computes them: one number, the mean."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..config import MobileViTConfig
from .errors import CallError

CLASS_TO_SKIP = -100  # PyTorch's default in classification


def classification_loss(config: MobileViTConfig, logits: tf.Tensor, labels: Any) -> tf.Tensor:
    """See MobileViTForImageClassification: `config.problem_type`, or else the labels, decide on the kind of loss."""
    labels = tf.convert_to_tensor(labels)
    problem = config.problem_type
    if problem is None and config.num_labels == 1:
        problem = "regression"
    elif problem is None:
        problem = "single_label_classification" if labels.dtype.is_integer else "multi_label_classification"
    if problem == "regression":
        labels = tf.reshape(tf.cast(labels, logits.dtype), tf.shape(logits))
        return tf.reduce_mean(tf.math.squared_difference(logits, labels))
    if problem == "single_label_classification":
        return cross_entropy(logits, tf.reshape(labels, [-1]), CLASS_TO_SKIP)
    if problem == "multi_label_classification":
        labels = tf.cast(labels, logits.dtype)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
    raise CallError(
        f"problem_type {problem!r} is unknown: choose regression, single_label_classification or "
        "multi_label_classification"
    )


def segmentation_loss(config: MobileViTConfig, logits: tf.Tensor, labels: Any) -> tf.Tensor:
    """Cross-entropy of logits [B, num_labels, h, w], resized to labels [B, H, W], without the ignored class."""
    if config.num_labels == 1:
        raise CallError("a segmentation loss needs more than one label")
    labels = tf.convert_to_tensor(labels)
    resized = tf.image.resize(tf.transpose(logits, (0, 2, 3, 1)), tf.shape(labels)[1:], "bilinear")
    return cross_entropy(resized, labels, config.semantic_loss_ignore_index)


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor, ignored: int) -> tf.Tensor:
    """The mean over the labels [...] that are not `ignored`; logits [..., num_labels]. Not a number if all are."""
    kept = labels != ignored
    # An ignored label may be no class at all, which TensorFlow refuses on a CPU: let it be any, and drop its loss.
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.where(kept, labels, 0), logits=logits)
    weights = tf.cast(kept, logits.dtype)
    return tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
