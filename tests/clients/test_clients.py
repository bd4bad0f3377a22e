"""Each file in the runtimes that other people use: its answers are PyTorch's within the harness's own bounds.

What stands out is in a table here with what is seen then, and in converters/README.md with the reason.
"""

from __future__ import annotations

import re

import pytest

from converters.onnx.options import OPSETS, QUANTIZATIONS
from converters.tflite.recipes import MODES
from reference.errors import UserError

from .conftest import ANSWERS

pytestmark = pytest.mark.deep

# Client, mode and answer, "" for each -> what is seen, as an expression; with nothing before its bar where a processor
# with other instructions shows nothing. The first that fits.
TFLITE = {
    ("OpenVINO", "int8", ""): "|beyond",
    ("OpenVINO", "int8-full", ""): "|beyond",
    ("OpenVINO, integers in float", "int8", ""): "|beyond",
    ("MNN", "", "mask"): "its converter refuses|SIGSEGV",
    ("MNN", "float16", ""): "SIGSEGV",
    ("MNN", "int8-weight", ""): "SIGSEGV",
    ("MNN", "int8-dynamic", ""): "SIGSEGV",
    ("MNN", "int8", ""): "SIGSEGV",
    ("MNN", "int8-full", ""): "it gives no results",
    ("MNN", "int16x8", ""): "it gives no results",
    ("tflite-micro", "float16", ""): "TFLM failed to allocate tensors",
    ("tflite-micro", "int8-dynamic", ""): "TFLM failed to allocate tensors",
    ("tflite-micro", "int8-weight", ""): "beyond",
    ("tflite-micro", "int8", ""): "beyond",
    ("tflite-micro", "int16x8", "mask"): "invocation failed",
    ("tflite-micro", "int16x8", "logits"): "invocation failed",
}
ONNX = {("MNN", "int8", ""): "SIGABRT"}


def hold(beyond, client, artifact, out, mode, answer):
    try:
        seen = "; ".join(beyond(client, artifact))
    except UserError as error:
        seen = str(error)
    keys = ((client, a, b) for b in (answer, "") for a in (mode, ""))
    wanted = next((out[key] for key in keys if key in out), "")
    assert not seen if not wanted else re.search(wanted, seen) and (seen or wanted.startswith("|")), seen


@pytest.mark.parametrize("client", ["OpenVINO", "OpenVINO, integers in float", "MNN", "tflite-micro"])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("mode", MODES)
def test_tflite(beyond, tflite_file, client, answer, mode):
    hold(beyond, client, tflite_file(answer, mode), TFLITE, mode, answer)


@pytest.mark.parametrize("client", ["OpenVINO", "OpenVINO, integers in float", "MNN"])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("mode", QUANTIZATIONS)
def test_onnx(beyond, onnx_file, client, answer, mode):
    hold(beyond, client, onnx_file(answer, mode, 20), ONNX, mode, answer)


def test_attention_as_one_operation_is_not_for_mnn(beyond, onnx_file):
    out = {("MNN", "none", ""): "its converter refuses"}
    hold(beyond, "MNN", onnx_file("probabilities", "none", 23), out, "none", "")


@pytest.mark.parametrize("client", ["ONNX Runtime", "ONNX Runtime, not optimised"])
@pytest.mark.parametrize("mode", QUANTIZATIONS)
@pytest.mark.parametrize("opset", OPSETS)
def test_onnx_runtime_at_each_opset(beyond, onnx_file, client, mode, opset):
    hold(beyond, client, onnx_file("probabilities", mode, opset), {}, mode, "probabilities")
