"""What is no number, or too large for float16, is refused by the name of its layer before anything is published."""

from __future__ import annotations

import pytest
import torch

from converters.conversion import begin
from converters.coreai.options import CoreAIOptions
from converters.coreml.options import CoreMLOptions
from converters.onnx.options import ONNXOptions
from converters.passes import FOR_FLOAT
from converters.tflite.options import TFLiteOptions
from reference.checkpoints import load_checkpoint
from reference.errors import UserError

LAYER = "mobilevit.encoder.layer.3.conv_kxk"
HALVES = [CoreMLOptions(), CoreAIOptions(), TFLiteOptions(quantize="float16"), ONNXOptions(quantize="float16")]


@pytest.fixture
def checkpoint():
    return load_checkpoint("demo")


def settle(checkpoint, folder, options):
    """How every pipeline begins."""
    return begin(checkpoint, folder, options, passes=FOR_FLOAT, bake_input=True)


def normalization(checkpoint):
    return checkpoint.model.mobilevit.encoder.layer[3].conv_kxk.normalization


@pytest.mark.parametrize("options", HALVES, ids=lambda options: options.format)
def test_broken_weights_in_every_pipeline(checkpoint, tmp_path, options):
    with torch.no_grad():
        normalization(checkpoint).weight[0] = float("nan")
    with pytest.raises(UserError, match=rf"^the weights {LAYER}.*: a value is nan: the checkpoint is broken"):
        settle(checkpoint, tmp_path, options)


@pytest.mark.parametrize("options", HALVES, ids=lambda options: options.format)
def test_weights_beyond_float16(checkpoint, tmp_path, options):
    """BatchNorm's bias of 1e6 becomes the convolution's. ONNX keeps such weights in float32."""
    with torch.no_grad():
        normalization(checkpoint).bias[0] = 1e6
    if options.format == "onnx":
        settle(checkpoint, tmp_path, options)
    else:
        with pytest.raises(UserError, match=rf"the weights {LAYER}.*: a value is .*e\+06, and float16 ends"):
            settle(checkpoint, tmp_path, options)


@pytest.mark.parametrize("options", HALVES, ids=lambda options: options.format)
def test_values_beyond_float16(checkpoint, tmp_path, options):
    """Channels 1e5 times as large: where float16 computes, what leaves the layer is infinite."""
    with torch.no_grad():
        normalization(checkpoint).weight *= 3e4 / normalization(checkpoint).weight.abs().max()
        normalization(checkpoint).running_var.fill_(1.0)
    if options.format in ("tflite", "onnx"):
        settle(checkpoint, tmp_path, options)
    else:
        with pytest.raises(UserError, match=rf"^layer {LAYER}.*: a value is .*, and float16 ends at"):
            settle(checkpoint, tmp_path, options)


def test_values_beyond_float32(checkpoint, tmp_path):
    """Numbers all of them, whose sums are none."""
    with torch.no_grad():
        checkpoint.model.mobilevit.encoder.layer[3].conv_kxk.convolution.weight.fill_(3e38)
        normalization(checkpoint).running_var.fill_(1.0)
        normalization(checkpoint).weight.fill_(1.0)
    with pytest.raises(UserError, match=rf"^layer {LAYER}.*: a value is (inf|nan): the checkpoint is broken"):
        settle(checkpoint, tmp_path, ONNXOptions())
