"""The .tflite files in LiteRT's CompiledModel, which Android apps use, beside its Interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert.compiled_model import HardwareAccelerator
from ai_edge_litert.interpreter import Interpreter

from converters.tflite.interpreters import to_stored
from converters.tflite.recipes import MODES

from ..compiled import compiled, compiled_answers


@pytest.mark.parametrize("mode", MODES)
def test_answers_as_the_interpreter_does(mode, tflite, photographs):
    """The same kernels on one thread: the same numbers."""
    content = tflite(mode).path.read_bytes()
    run = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    (detail,) = run.get_input_details().values()
    pixels = [np.asarray(each.resize((256, 256)))[None] for each in photographs[:2]]
    feeds = [to_stored(each, detail).astype(detail["dtype"]) for each in pixels]
    expected = [{name: answer.copy() for name, answer in run(image=feed).items()} for feed in feeds]
    assert any((first != second).any() for first, second in zip(*(each.values() for each in expected)))
    for found, wanted in zip(compiled_answers(content, feeds, expected[0]), expected, strict=True):
        for name, answer in wanted.items():
            np.testing.assert_array_equal(found[name], answer)


def test_an_accelerator_alone_is_no_cpu(tflite):
    """Where there is no NPU, only a set without the CPU says so: with it, the CPU computes, "fully accelerated"."""
    content = tflite("float16").path.read_bytes()
    with pytest.raises(RuntimeError, match="Some ops are not accelerated"):
        compiled(content, HardwareAccelerator.NPU)
    assert compiled(content, HardwareAccelerator.NPU | HardwareAccelerator.CPU).is_fully_accelerated()
