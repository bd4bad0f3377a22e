"""How long checking takes, in processor time: other work on the machine adds nothing to it."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from reference.scenes import render
from validation.checks.accuracy import accuracy

ROOT = Path(__file__).parent.parent.parent
IMAGES, ROUNDS = 100, 5
PARITY_SECONDS, ACCURACY_FACTOR = 20, 1.3

pytestmark = pytest.mark.benchmark


def test_parity_of_three_artifacts(mlpackage, tflite, onnx_file):
    """Of a fresh process, imports included, on 16 images; on an idle machine it takes no longer by the clock."""
    artifacts = [mlpackage("float16").path, tflite("float16").path, onnx_file("float16").path]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "validation", "parity", *map(str, artifacts)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"\nparity of 3 artifacts on 16 images: {seconds:.1f} s of processor time")
    assert seconds < PARITY_SECONDS


def test_accuracy_beside_a_plain_loop(tflite, demo):
    """The same scenes rendered, cropped, run by the reference and by LiteRT, and nothing else; in turn."""
    from ai_edge_litert.interpreter import Interpreter

    artifact = tflite("float16").path
    interpreter = Interpreter(str(artifact), num_threads=1)
    interpreter.allocate_tensors()
    (feed,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()

    @torch.inference_mode()
    def plain():
        right = 0
        for index in range(IMAGES):
            scene = render("validation", index)
            pixels = demo.processor.resize_and_crop(scene.image)
            demo.model(torch.from_numpy(demo.processor.network_input(pixels))[None])
            interpreter.set_tensor(feed["index"], pixels[None].astype(np.float32))
            interpreter.invoke()
            right += interpreter.get_tensor(answer["index"])[0].argmax() == scene.label
        return right

    def measured():
        return (accuracy([artifact], images=IMAGES).artifacts[0].outcome.rank == 0).sum()

    def seconds(work):
        before = time.process_time()
        found.add(int(work()))
        return time.process_time() - before

    found: set[int] = set()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pairs = [(seconds(plain), seconds(measured)) for _ in range(ROUNDS + 1)][1:]
    finally:
        torch.set_num_threads(threads)
    ratio = float(np.median([ours / theirs for theirs, ours in pairs]))
    bare = 1000 * np.median([theirs for theirs, _ in pairs]) / IMAGES
    print(f"\naccuracy: {ratio:.2f} times a plain loop's processor time, {bare:.1f} ms an image")
    assert len(found) == 1
    assert ratio < ACCURACY_FACTOR
