"""ONNX Runtime on the artifacts against the peer's file, in the same process and the same minute."""

from __future__ import annotations

import time

import numpy as np
import onnxruntime
import pytest

ROUNDS = 60


def runner(path, feed):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: feed})


@pytest.mark.benchmark
@pytest.mark.parametrize("quantize", ["none", "float16", "int8"])
def test_no_slower_than_the_peer(onnx_file, peer_onnx, demo, photographs, quantize):
    """Processor time of the calling thread, the median of alternating runs: other processes hardly disturb that."""
    pixels = demo.processor.resize_and_crop(photographs[0])
    ours = runner(onnx_file(quantize).path, pixels[None])
    theirs = runner(peer_onnx, demo.processor.network_input(pixels)[None])
    seconds = np.empty((ROUNDS, 2))
    for each in seconds:
        for place, run in enumerate((ours, theirs)):
            start = time.thread_time()
            run()
            each[place] = time.thread_time() - start
    ratio = np.divide(*np.median(seconds, axis=0))
    print(f"{quantize}: {ratio:.2f} times the peer's time, at most 1 allowed")
    assert ratio <= 1
