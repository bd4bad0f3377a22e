"""Files of all modes, converted once per run, and what holds a client's answers to PyTorch's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from converters.artifact import Written
from reference.checkpoints import load_checkpoint
from reference.tolerances import tolerance
from validation.artifact import References, app_processor, open_artifacts
from validation.checks.mistakes import right_values
from validation.checks.parity import judge
from validation.runtimes.pytorch import PyTorchRuntime

from .clients import NEEDS, loaded

SIDE = 128
# What a file answers with -> task and --output.
ANSWERS = {
    "probabilities": ("classification", "answer"), "mask": ("segmentation", "answer"),
    "logits": ("segmentation", "logits"), "features": ("features", "answer"),
}  # fmt: skip


@pytest.fixture(scope="session")
def tflite_file(shared):
    """(answer, mode) -> the artifact of the demo checkpoint, opened."""
    from converters.tflite import convert as module
    from converters.tflite.options import TFLiteOptions

    to_tflite = module.to_tflite

    def make(answer: str, mode: str):
        task, output = ANSWERS[answer]
        options = TFLiteOptions(quantize=mode, output=output, image_size=(SIDE,), calibration_samples=16)
        plain = f"plain client {answer} {options.measures}"

        def convert(folder: Path) -> Written:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "to_tflite", lambda *given: shared.get(plain, lambda _: to_tflite(*given)))
                return module.convert(load_checkpoint("demo", task=task), folder, options)

        (opened,) = open_artifacts([shared.get(f"client {answer} {mode}", convert).path])
        return opened

    return cache(make)


@pytest.fixture(scope="session")
def onnx_file(shared):
    """(answer, mode, opset) -> the artifact of the demo checkpoint, opened."""
    from converters.onnx.convert import convert
    from converters.onnx.options import ONNXOptions

    def make(answer: str, mode: str, opset: int):
        task, output = ANSWERS[answer]
        options = ONNXOptions(quantize=mode, output=output, image_size=(SIDE,), opset=opset, calibration_samples=24)
        name = f"client {answer} {mode} opset {opset}"
        written = shared.get(name, lambda folder: convert(load_checkpoint("demo", task=task), folder, options))
        (opened,) = open_artifacts([written.path])
        return opened

    return cache(make)


@pytest.fixture(scope="session")
def beyond(photographs):
    """(client, artifact) -> the figures of its answers that lie beyond the harness's own bounds."""
    references, known = References(), {}

    def expected(artifact) -> np.ndarray:
        manifest = artifact.manifest
        key = manifest.task, manifest.answer.meaning, manifest.answer.layout
        if key not in known:
            checkpoint = references.of(artifact)
            runtime = PyTorchRuntime(checkpoint, manifest.answer.meaning)
            known[key] = np.stack([runtime.answer(right_values(checkpoint, image)) for image in photographs])
        return known[key]

    def found(client: str, artifact) -> list[str]:
        if client in NEEDS:
            pytest.importorskip(NEEDS[client], reason=f"NOT RUN: {client} is not installed (extra clients)")
        manifest, wanted = artifact.manifest, expected(artifact)
        crop = app_processor(manifest).resize_and_crop
        answers = loaded(client, artifact).answers([crop(image) for image in photographs])
        bounds = tolerance(manifest.artifact, manifest.answer.meaning, wanted)
        checks = judge(artifact.label, client, manifest.answer.meaning, wanted, answers, bounds)
        return [f"{each.check} {each.value} beyond {each.bound}" for each in checks if each.verdict != "PASS"]

    return found
