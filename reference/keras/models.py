"""The TF models, with the names and parameters that transformers 4 gave them; transformers 5 has none."""

from __future__ import annotations

from typing import Any

from ..config import MobileViTConfig
from ..heads import MobileViTForImageClassification, MobileViTForSemanticSegmentation
from ..mobilevit import MobileViTModel
from .losses import classification_loss, segmentation_loss
from .networks import pool
from .outputs import TFBackboneOutput
from .pretrained import TFPreTrainedModel, to_nchw, unpack
from .training import TFModelWithHead


class TFMobileViTModel(TFPreTrainedModel):
    """The backbone, as MobileViTModel.

    Args:
        config: the architecture.
        expand_output: whether to end with the 1x1 convolution to `neck_hidden_sizes[6]` channels and pool.
        source: a MobileViTModel whose weights to take over; None: fresh ones.
    """

    torch_class = MobileViTModel

    def __init__(
        self, config: MobileViTConfig, expand_output: bool = True, *, source: MobileViTModel | None = None
    ) -> None:
        super().__init__(config, source=source, expand_output=expand_output)

    def call(
        self,
        pixel_values: Any,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
    ) -> Any:
        """The last feature map, its mean, and the stages' outputs where asked for: TFBackboneOutput or its tuple.

        Args:
            pixel_values: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them, or {"pixel_values": ...}.
            output_hidden_states, return_dict: None: as the configuration says.
            training: True: dropout, and BatchNorm over the batch.
        """
        images, _ = unpack(pixel_values)
        last, stages = self._answer(images)
        pooled = pool(last) if self.network.conv_1x1_exp is not None else None
        values = {"last_hidden_state": to_nchw(last), "pooler_output": pooled}
        return self._shaped(TFBackboneOutput, values, stages, output_hidden_states, return_dict)


class TFMobileViTForImageClassification(TFModelWithHead):
    """The backbone, dropout, and a linear classifier, as MobileViTForImageClassification.

    Args:
        config: the architecture.
        source: a MobileViTForImageClassification whose weights to take over; None: fresh ones.
    """

    torch_class = MobileViTForImageClassification
    loss_function = staticmethod(classification_loss)

    def call(
        self,
        pixel_values: Any,
        output_hidden_states: bool | None = None,
        labels: Any = None,
        return_dict: bool | None = None,
        training: bool | None = None,
    ) -> Any:
        """Logits [B, num_labels], and the loss where labels are given: TFHeadOutput or its tuple.

        Args:
            pixel_values: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them; or a dictionary of them
                and, where wanted, labels.
            labels: as in MobileViTForImageClassification. The loss is one number, where transformers 4 gave one for
                every image.
            output_hidden_states, return_dict: None: as the configuration says.
            training: True: dropout, and BatchNorm over the batch.
        """
        return self._respond(pixel_values, labels, output_hidden_states, return_dict)


class TFMobileViTForSemanticSegmentation(TFModelWithHead):
    """The backbone without its last expansion, and DeepLabV3, as MobileViTForSemanticSegmentation.

    Args:
        config: the architecture.
        source: a MobileViTForSemanticSegmentation whose weights to take over; None: fresh ones.
    """

    torch_class = MobileViTForSemanticSegmentation
    loss_function = staticmethod(segmentation_loss)

    def call(
        self,
        pixel_values: Any,
        labels: Any = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
    ) -> Any:
        """Logits [B, num_labels, H / stride, W / stride] and, for labels, the loss: TFHeadOutput or its tuple.

        Args:
            pixel_values: [B, 3, H, W], BGR in 0..1, as MobileViTImageProcessor returns them; or a dictionary of them
                and, where wanted, labels.
            labels: class indices [B, h, w]; as in MobileViTForSemanticSegmentation.
            output_hidden_states, return_dict: None: as the configuration says.
            training: True: dropout, and BatchNorm over the batch.

        Raises:
            UserError: for labels with a one-class model, whose loss would always be zero.
        """
        return self._respond(pixel_values, labels, output_hidden_states, return_dict)
