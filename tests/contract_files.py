"""Files that phones write, or read whole, for Swift and Kotlin: see tests/contract.py."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from reference.manifest import digest
from validation.device.export import Device, DeviceAnswer, DeviceResults, DeviceRun

# In the order of their digest. "-", "." and "/" follow one another in ASCII; the fourth last would come after the third
# last if it were composed, and the last two change places in UTF-16.
PACKAGE = (
    ".hidden", "Data-1", "Data.1", "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin",
    "Manifest.json", "a b", "e\u0301", "f", "\uff5a", "\U0001f600",
)  # fmt: skip
# What macOS leaves in a package by itself: it is no part of it.
LEFT_BY_MACOS = (".DS_Store", "Data/.DS_Store", "Data/._com.apple.CoreML")
# Of their bytes: around the padding of SHA-256, whose blocks have 64 and whose last one ends in a length of 8.
LENGTHS = (0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 2000)


def device_results() -> dict[str, Any]:
    """What an app writes of a run on a device."""
    answer = DeviceAnswer.model_construct(
        picture="000", exact_pixels=True, answer=np.array([0.25, 0.5, 0.25], "<f4").tobytes()
    )
    run = DeviceRun.model_construct(
        artifact="mobilevit_xxs_demo_int8-full.tflite",
        sha256="b" * 64,
        runtime="litert",
        accelerator="CPU",
        threads=2,
        load_ms=12.5,
        compile_ms=8.25,
        warm_up=5,
        preprocessing_ms=[1.5, 1.25, 1.0],
        inference_ms=[4.0, 4.5, 4.25],
        wait_ms=2000.0,
        thermal_state_before="fair",
        thermal_state=None,
        peak_mib=96.5,
        answers=[answer],
    )
    device = Device(model="Pixel 8", system="Android 15", app="MobileViT demo 1.0", soc="Google Tensor G3")
    results = DeviceResults(schema_version=1, device=device, recorded_at="2026-01-31T12:00:00Z", runs=[run])
    return json.loads(results.model_dump_json())


def package(rng: np.random.Generator) -> dict[str, Any]:
    """files: content by path; sha256: of the package, as manifests have it; uncounted: files that do not change it."""
    files = {path: rng.bytes(length) for path, length in zip(PACKAGE, LENGTHS, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_bytes(content)
        sha256 = digest(Path(folder))
    contents = {path: base64.b64encode(content).decode() for path, content in files.items()}
    return {"files": contents, "sha256": sha256, "uncounted": LEFT_BY_MACOS}
