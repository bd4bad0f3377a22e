"""How Keras trains the models with a head: `compile` needs an optimizer, and `fit` finds the loss in the model."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .pretrained import TFPreTrainedModel


class TFModelWithHead(TFPreTrainedModel):
    """Base class of the models that know their loss.

    `fit` takes data sets of {"pixel_values": ..., "labels": ...}, or of images and labels.
    """

    def hf_compute_loss(self, labels: Any, logits: Any) -> tf.Tensor:
        """The loss, one number, of what `call` returns as logits; the name is transformers'."""
        raise NotImplementedError

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Keras's hook. A loss given to `compile` sees the logits; labels among the inputs leave it to the model."""
        if y_pred.loss is not None:
            return y_pred.loss
        if self.loss is not None:
            return super().compute_loss(x, y, y_pred.logits, sample_weight, training)
        return self.hf_compute_loss(y, y_pred.logits)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Keras's hook: metrics see the logits."""
        labels = x.get("labels") if y is None and isinstance(x, dict) else y
        return super().compute_metrics(x, labels, y_pred.logits, sample_weight)
