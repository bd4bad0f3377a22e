"""A MobileViT's configuration from the shapes of its tensors, for weights that come without a config.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..config import BACKBONE, PREPROCESSING, SIZES
from ..errors import UserError
from ..layers import make_divisible
from .layout import task_of

# Pascal VOC's classes in the order of its class maps.
VOC_LABELS = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


def configuration(weights: Mapping[str, Tensor], source: str) -> dict[str, Any]:
    """What the tensors, named as the reference names them, say of their network: fields of a MobileViTConfig.

    `source` names the checkpoint in errors.

    Shapes do not tell everything. Patches of 2x2 pixels, four attention heads, SiLU and, for segmentation, output
    stride 16 and atrous rates 6, 12 and 18 are those of every published checkpoint. Of a published size the dropout
    rates are known too. 21 segmentation classes are taken for Pascal VOC's.

    Raises:
        UserError: when a tensor that must be there is missing, or has too few dimensions.
    """
    task = task_of(weights)
    prefix = "" if task == "features" else BACKBONE

    def width(name: str, dimension: int = 0) -> int:
        if name not in weights or weights[name].ndim <= dimension:
            raise UserError(f"checkpoint {source}: tensor {name} is missing or misshapen: it is no whole MobileViT")
        return weights[name].shape[dimension]

    def convolution(name: str, dimension: int = 0) -> int:
        return width(f"{prefix}{name}.convolution.weight", dimension)

    stages = [f"encoder.layer.{stage}" for stage in range(5)]
    reductions = [f"{stage}.layer.0" for stage in stages[:2]] + [f"{stage}.downsampling_layer" for stage in stages[2:]]
    neck = [convolution("conv_stem"), *(convolution(f"{residual}.reduce_1x1") for residual in reductions)]
    expanded = [convolution(f"{residual}.expand_1x1") for residual in reductions]
    hidden = [convolution(f"{stage}.conv_1x1") for stage in stages[2:]]
    # DeepLabV3 goes without the last expansion; Apple's rule for its width keeps the size recognisable.
    last = min(4 * neck[5], 960) if task == "segmentation" else convolution("conv_1x1_exp")
    attention = f"{prefix}{stages[2]}.transformer.layer.0"
    fields: dict[str, Any] = {
        "num_channels": convolution("conv_stem", 1),
        "hidden_sizes": hidden,
        "neck_hidden_sizes": [*neck, last],
        "mlp_ratio": width(f"{attention}.intermediate.dense.weight") / max(1, hidden[0]),
        "expand_ratio": _expand_ratio(neck, expanded),
        "conv_kernel_size": convolution(f"{stages[2]}.conv_kxk", 2),
        "qkv_bias": f"{attention}.attention.attention.query.bias" in weights,
        "image_size": PREPROCESSING[task][1],
    }
    for published in SIZES.values():
        if all(fields[name] == published[name] for name in ("hidden_sizes", "neck_hidden_sizes")):
            fields = {**published, **fields}
    if task == "classification":
        fields["num_labels"] = width("classifier.weight")
    if task == "segmentation":
        fields["output_stride"] = 16
        fields["aspp_out_channels"] = width("segmentation_head.aspp.project.convolution.weight")
        fields["num_labels"] = width("segmentation_head.classifier.convolution.weight")
        if fields["num_labels"] == len(VOC_LABELS):
            fields["id2label"] = dict(enumerate(VOC_LABELS))
    return fields


def _expand_ratio(inputs: list[int], expanded: list[int]) -> float:
    """The simplest ratio that explains the expanded widths, which are rounded to multiples of eight."""
    measured = expanded[-1] / max(1, inputs[4])
    for ratio in (float(round(measured)), round(2 * measured) / 2, measured):
        if [make_divisible(round(width * ratio)) for width in inputs[:5]] == expanded:
            return ratio
    return measured  # loading then names the tensor that does not fit
