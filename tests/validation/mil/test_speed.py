"""The executor against PyTorch itself on the same network, in the same process and the same minute."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from validation.mil import Program

ROUNDS = 9


@pytest.mark.benchmark
@pytest.mark.parametrize(("precision", "factor"), [("declared", 2.0), ("float32", 1.5)])
def test_little_slower_than_pytorch(mlpackage, demo, photographs, precision, factor):
    """Processor time of the calling thread, the median of alternating runs: other processes hardly disturb that."""
    pixels = demo.processor.resize_and_crop(photographs[0])
    values = torch.from_numpy(demo.processor.network_input(pixels))[None]
    program = Program(mlpackage("float16").path, precision)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ours, eager = [], []
        for _ in range(ROUNDS):
            start = time.thread_time()
            with torch.inference_mode():
                demo.model(values)
            middle = time.thread_time()
            program.predict({"image": pixels})
            eager.append(middle - start)
            ours.append(time.thread_time() - middle)
    finally:
        torch.set_num_threads(threads)
    ratio = np.median(ours) / np.median(eager)
    print(f"{precision}: {ratio:.2f} times PyTorch's time, at most {factor} allowed")
    assert ratio <= factor
