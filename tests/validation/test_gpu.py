"""LiteRT's GPU accelerator in parity: on this machine's GPU, or in SwiftShader, which Debian's chromium brings."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from ai_edge_litert.compiled_model import CompiledModel

from reference.checkpoints import load_checkpoint
from validation import parity
from validation.artifact import app_processor, open_artifacts
from validation.runtimes import NotRun, litert_gpu, load

CHROMIUM = Path("/usr/lib/chromium")


@pytest.fixture
def software(monkeypatch):
    """Vulkan in software for the processes that are started, where Chromium's is here."""
    driver = CHROMIUM / "vk_swiftshader_icd.json"
    if driver.exists():
        monkeypatch.setenv("VK_DRIVER_FILES", str(driver))
        monkeypatch.setenv("LD_LIBRARY_PATH", str(CHROMIUM))


@pytest.fixture
def small(shared):
    """(task, options) -> the artifact for small images."""
    from converters.tflite.convert import convert
    from converters.tflite.options import TFLiteOptions

    def make(task, **options):
        chosen = TFLiteOptions(image_size=(96,), **options)
        name = f"small {task} {options}"
        written = shared.get(name, lambda folder: convert(load_checkpoint("demo", task=task), folder, chosen))
        (opened,) = open_artifacts([written.path])
        return opened

    return make


def judged(artifact, photographs):
    (found,) = parity([artifact], images=photographs[:2], runtimes=["litert-gpu"])
    not_run = [check.reason for check in found.checks if check.verdict == "NOT RUN"]
    if any("Vulkan" in reason for reason in not_run):
        pytest.skip(f"NOT RUN: {not_run[0]}; .ci/chromium brings a driver in software")
    return found


@pytest.mark.parametrize("mode", ["float16", pytest.param("none", marks=pytest.mark.deep)])
def test_answers_are_pytorchs(software, small, photographs, mode):
    found = judged(small("classification", quantize=mode), photographs)
    assert {check.verdict for check in found.checks} == {"PASS"}, found.checks


def test_it_is_the_gpu_that_answers(software, small, photographs):
    """Not LiteRT's kernels on the CPU: other sums, other last bits."""
    artifact = small("classification")
    judged(artifact, photographs)
    pixels = app_processor(artifact.manifest).resize_and_crop(photographs[0])
    on_gpu, on_cpu = (load(artifact, key).run(pixels) for key in ("litert-gpu", "litert"))
    assert (on_gpu != on_cpu).any()


@pytest.mark.deep
def test_a_mask_is_chosen_there_too(software, small, photographs):
    found = judged(small("segmentation"), photographs)
    assert {check.verdict for check in found.checks} == {"PASS"}, found.checks


def test_what_the_gpu_leaves_to_the_cpu_is_not_run(small, monkeypatch):
    """Else the CPU would answer for it. LiteRT's word is imitated: its GPU takes all that the kit's files hold."""
    path = small("classification").path
    partly = SimpleNamespace(is_fully_accelerated=lambda: False)
    monkeypatch.setattr(CompiledModel, "from_file", lambda *given, **options: partly)
    with pytest.raises(NotRun, match="leaves operations of this file to the CPU"):
        litert_gpu._Compiled(str(path))


def test_without_a_driver(software, small, photographs, monkeypatch, tmp_path):
    monkeypatch.setenv("VK_DRIVER_FILES", str(tmp_path / "none.json"))
    monkeypatch.setenv("VK_ICD_FILENAMES", os.environ["VK_DRIVER_FILES"])
    (found,) = parity([small("classification")], images=photographs[:1], runtimes=["litert-gpu"])
    (check,) = [check for check in found.checks if check.verdict == "NOT RUN"]
    assert check.reason.startswith(("Vulkan has no driver here", "there is no Vulkan here", "Vulkan finds no device"))
