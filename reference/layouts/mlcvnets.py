"""Apple's original checkpoints: the `.pt` files of ml-cvnets, for ImageNet-1k classification and Pascal VOC.

Sources of the names: github.com/apple/ml-cvnets, tag cvnets-v0.1 (cvnets/models, cvnets/modules), whose files are
still the published ones; for DeepLabV3's last convolution also v0.2 and later. Of the preprocessing: the same tag,
data/datasets: OpenCV's BGR; shortest edge = crop + 32, bilinear. OpenCV resizes without antialiasing; here it is
Pillow's filter, as for the same weights on the Hugging Face Hub.
"""

from __future__ import annotations

from .layout import Layout

_BLOCK = "encoder.layer.{late}"
_TRANSFORMER = _BLOCK + ".transformer.layer.{index}"

MLCVNETS = Layout(
    name="ml-cvnets",
    convolution="block.conv",
    normalization="block.norm",
    layers={
        "conv_1": "conv_stem",
        "layer_{nth}.{index}.block.exp_1x1": "encoder.layer.{early}.layer.{index}.expand_1x1",
        "layer_{nth}.{index}.block.conv_3x3": "encoder.layer.{early}.layer.{index}.conv_3x3",
        "layer_{nth}.{index}.block.red_1x1": "encoder.layer.{early}.layer.{index}.reduce_1x1",
        "layer_{nth}.0.block.exp_1x1": _BLOCK + ".downsampling_layer.expand_1x1",
        "layer_{nth}.0.block.conv_3x3": _BLOCK + ".downsampling_layer.conv_3x3",
        "layer_{nth}.0.block.red_1x1": _BLOCK + ".downsampling_layer.reduce_1x1",
        "layer_{nth}.1.local_rep.conv_3x3": _BLOCK + ".conv_kxk",
        "layer_{nth}.1.conv_proj": _BLOCK + ".conv_projection",
        "layer_{nth}.1.fusion": _BLOCK + ".fusion",
        "conv_1x1_exp": "conv_1x1_exp",
        "seg_head.aspp.aspp_layer.convs.{branch}": "segmentation_head.aspp.convs.{branch}",
        "seg_head.aspp.aspp_layer.convs.4.aspp_pool.conv_1x1": "segmentation_head.aspp.convs.4.conv_1x1",
        "seg_head.aspp.aspp_layer.project": "segmentation_head.aspp.project",
    },
    modules={
        "layer_{nth}.1.local_rep.conv_1x1.block.conv": _BLOCK + ".conv_1x1.convolution",
        "layer_{nth}.1.global_rep.{index}.pre_norm_mha.0": _TRANSFORMER + ".layernorm_before",
        "layer_{nth}.1.global_rep.{index}.pre_norm_mha.1.out_proj": _TRANSFORMER + ".attention.output.dense",
        "layer_{nth}.1.global_rep.{index}.pre_norm_ffn.0": _TRANSFORMER + ".layernorm_after",
        "layer_{nth}.1.global_rep.{index}.pre_norm_ffn.1": _TRANSFORMER + ".intermediate.dense",
        "layer_{nth}.1.global_rep.{index}.pre_norm_ffn.4": _TRANSFORMER + ".output.dense",
        "layer_{nth}.1.global_rep.{depth}": _BLOCK + ".layernorm",
        "classifier.fc": "classifier",
        "seg_head.classifier.classifier.block.conv": "segmentation_head.classifier.convolution",
        "seg_head.classifier.block.conv": "segmentation_head.classifier.convolution",
    },
    fused={"layer_{nth}.1.global_rep.{index}.pre_norm_mha.1.qkv_proj": _TRANSFORMER + ".attention.attention"},
    prefix="encoder.",
    training_only=("seg_head.aux_head.",),
)
