"""Loading, running and closing again and again: memory stays as it is, in the runtime's process and in this one."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from reference.confined import Confined
from validation.artifact import Artifact, open_artifacts
from validation.runtimes import load, load_here

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="NOT RUN: the system does not tell memory"),
]

TIMES, SETTLED = 200, 50
# One that kept only a tenth of the file each time would be beyond.
KEPT = 0.1


def resident() -> int:
    """Bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def soak(artifact: Artifact, runtime: str, loads_again: bool) -> tuple[int, int]:
    """Bytes of memory after SETTLED rounds in this process, and after all of them."""
    steps = artifact.manifest.preprocessing
    black = np.zeros((steps.crop_height, steps.crop_width, 3), np.uint8)
    settled, loaded = 0, load_here(artifact, runtime)
    for number in range(TIMES):
        loaded = load_here(artifact, runtime) if loads_again else loaded
        loaded.run(black)
        if number + 1 == SETTLED:
            settled = resident()
    return settled, resident()


# Apple's own runtime keeps 2 to 3 MB of each function that it loaded and ran: with True 256 MiB after 50, 574 after 200
# (coreai-core 1.0.0b3, Linux). The kit loads a file once in a process of its own, and runs it often.
@pytest.mark.parametrize(
    ("runtime", "loads_again"),
    [("mil", True), ("litert", True), ("litert-no-xnnpack", True), ("onnxruntime", True), ("coreai", False)],
)
def test_a_runtime(runtime, loads_again, mlpackage, tflite, onnx_file, request):
    if runtime == "coreai":
        written = request.getfixturevalue("aimodel")()
    else:
        written = {"mil": lambda: mlpackage("float32"), "onnxruntime": onnx_file}.get(runtime, tflite)()
    (artifact,) = open_artifacts([written.path])
    with Confined() as process:
        settled, after = process.call(soak, artifact, runtime, loads_again, seconds=3600, idle=60)
    size = artifact.manifest.artifact.bytes
    print(f"\n{runtime}: {settled / 2**20:.0f} MiB after {SETTLED}, {after / 2**20:.0f} MiB after {TIMES}")
    assert after - settled < KEPT * size * (TIMES - SETTLED)


def test_this_process(tflite):
    """200 processes started, asked and ended."""
    (artifact,) = open_artifacts([tflite().path])
    pixels = np.zeros((256, 256, 3), np.uint8)
    for number in range(TIMES):
        load(artifact).run(pixels)
        if number + 1 == SETTLED:
            settled, files = resident(), len(os.listdir("/proc/self/fd"))
    print(f"\nthis process: {settled / 2**20:.0f} MiB after {SETTLED}, {resident() / 2**20:.0f} MiB after {TIMES}")
    assert resident() - settled < KEPT * artifact.manifest.artifact.bytes * (TIMES - SETTLED)
    assert len(os.listdir("/proc/self/fd")) == files
