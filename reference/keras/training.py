"""How Keras trains the models with a head: `compile` needs an optimizer, and `fit` finds the loss in the model."""

from __future__ import annotations

from typing import Any, ClassVar

from .outputs import TFHeadOutput
from .pretrained import TFPreTrainedModel, to_nchw, unpack


class TFModelWithHead(TFPreTrainedModel):
    """Base class of the models that know their loss.

    `fit` takes data sets of {"pixel_values": ..., "labels": ...}, or of images and labels.
    """

    loss_function: ClassVar[Any]  # one of .losses: of configuration, logits and labels

    def hf_compute_loss(self, labels: Any, logits: Any) -> Any:
        """The loss, one number, of what `call` returns as logits; the name is transformers'."""
        return type(self).loss_function(self.config, logits, labels)

    def _respond(
        self, pixel_values: Any, labels: Any, output_hidden_states: bool | None, return_dict: bool | None
    ) -> Any:
        """What `call` of either model returns; logits that are a map become NCHW."""
        images, labels = unpack(pixel_values, labels)
        logits, stages = self._answer(images)
        if len(logits.shape) == 4:
            logits = to_nchw(logits)
        loss = None if labels is None else self.hf_compute_loss(labels, logits)
        return self._shaped(TFHeadOutput, {"loss": loss, "logits": logits}, stages, output_hidden_states, return_dict)

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
