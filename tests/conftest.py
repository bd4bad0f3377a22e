"""What several test modules share: oracles, real images, and artifacts converted once per run."""

from __future__ import annotations

import gc
import platform
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

from converters.artifact import Written
from reference import scenes
from reference.checkpoints import Checkpoint, load_checkpoint
from reference.extras import coremltools_writes
from validation.peers.imports import let_torchvision_import

from .heads import HEAD_SIDE, SEGMENTER, save_head
from .rounding import in_precision, with_rounded_weights
from .sharing import Shared

# The clock judges nothing here: on a busy machine any example may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_TORCHVISION_OPERATORS = let_torchvision_import()  # defined as long as this object lives


NOT_RUN = "NOT RUN: Core ML runs on Apple's systems only"
NO_WRITER = "NOT RUN: coremltools has no wheel for this system, and without its libraries cannot write packages"


# Where numbers are compared, within bounds that must hold on every processor; see tests/portable.py.
NUMERIC = (
    "tests/reference/test_mobilevit.py",
    "tests/reference/test_heads.py",
    "tests/reference/test_layouts.py",
    "tests/reference/test_keras",
    "tests/reference/test_timm.py",
    "tests/reference/test_image_processor.py",
    "tests/converters/test_channels_first.py",
    "tests/converters/test_coreai.py",
    "tests/converters/test_coreml",
    "tests/converters/test_deployable.py",
    "tests/converters/test_onnx",
    "tests/converters/test_quantize.py",
    "tests/converters/test_ranges.py",
    "tests/converters/test_tflite",
    "tests/validation/mil/",
    "tests/validation/test_drift.py",
    "tests/validation/test_mistakes.py",
    "tests/validation/test_peers.py",
)


# What needs a toolchain, a machine or a runtime of its own.
PHONES = (
    "tests/android/test_kotlin.py",
    "tests/converters/test_coreai.py",
    "tests/ios/test_swift.py",
    "tests/validation/test_arm.py",
    "tests/validation/test_gpu.py",
)


# Suites of their own, so that the rest is back within ten minutes.
HOSTILE = (
    "tests/converters/test_finite.py",
    "tests/fuzz/",
    "tests/reference/test_confined.py",
    "tests/reference/test_hostile",
    "tests/validation/test_apart.py",
    "tests/validation/test_claims.py",
    "tests/validation/test_diagnosis.py",
    "tests/validation/test_embedded.py",
    "tests/validation/test_mistakes.py",
    "tests/validation/test_weights.py",
    "tests/validation/mil/test_admission.py",
)
KERAS = ("tests/reference/test_keras",)
MARKED = {"numeric": NUMERIC, "phones": PHONES, "hostile": HOSTILE, "keras": KERAS}


def pytest_addoption(parser):
    parser.addoption("--reverse", action="store_true", help="run the tests in reverse order")


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config, items):
    for item in items:
        for marker, places in MARKED.items():
            if item.nodeid.startswith(places):
                item.add_marker(marker)
    if config.getoption("--reverse"):
        items.reverse()
    lacking = {"macos": NOT_RUN} if platform.system() != "Darwin" else {}
    lacking |= {} if coremltools_writes() else {"writes_packages": NO_WRITER}
    for item in items:
        for marker, reason in lacking.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish():
    gc.freeze()  # a million objects of imported libraries, which no collection need look at again


def pytest_terminal_summary(terminalreporter):
    """A check that did not run must not look like one that passed."""
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    for reason, count in Counter(skipped).items():
        terminalreporter.write_line(f"{reason.removeprefix('Skipped: ')}: {count} tests")


@pytest.fixture(scope="session")
def demo() -> Checkpoint:
    """The bundled, trained checkpoint."""
    return load_checkpoint("demo")


@pytest.fixture(scope="session")
def photographs() -> list[Image.Image]:
    """Rendered validation scenes of many sizes, wide and tall."""
    return [scenes.render("validation", index).image for index in range(12)]


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Shared:
    return Shared(tmp_path_factory)


@pytest.fixture(scope="session")
def demo_logits(demo, photographs, shared):
    """precision -> the reference's logits for the photographs [images, classes], float64 or as that precision gives
    them; "float16 weights": exact, but for weights that are off by what float16 may cost them."""

    def compute(precision: str) -> np.ndarray:
        values = demo.processor(photographs, return_tensors="pt")["pixel_values"]
        if precision == "float16 weights":
            with torch.no_grad():
                return with_rounded_weights(demo.model, bits=11)(values.double()).logits.numpy()
        return in_precision(getattr(torch, precision), demo.model, values).logits.numpy()

    return cache(lambda precision: shared.get(f"logits, {precision}", lambda _: compute(precision)))


@pytest.fixture(scope="session")
def mlpackage(demo, shared):
    """precision -> the artifact."""
    if not coremltools_writes():
        pytest.skip(NO_WRITER)
    from converters.coreml.convert import convert
    from converters.coreml.options import CoreMLOptions

    def make(precision: str) -> Written:
        return shared.get(
            f"mlpackage {precision}", lambda folder: convert(demo, folder, CoreMLOptions(precision=precision))
        )

    return cache(make)


@pytest.fixture(scope="session")
def aimodel(demo, shared):
    """Options -> the artifact."""
    pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed (extra coreai, Python 3.11)")
    from converters.coreai.convert import convert
    from converters.coreai.options import CoreAIOptions

    @cache
    def make(**chosen) -> Written:
        few = {"calibration_samples": 8, "image_size": (96,)} if "compress" in chosen else {}
        return shared.get(f"aimodel {chosen}", lambda folder: convert(demo, folder, CoreAIOptions(**chosen, **few)))

    return make


@pytest.fixture(scope="session")
def tflite(demo, shared):
    """(mode, input dtype) -> the artifact; few calibration images, as they take the time."""
    from converters.tflite import convert as module
    from converters.tflite.options import TFLiteOptions

    to_tflite = module.to_tflite

    @cache
    def make(mode: str = "float16", input_dtype: str | None = None) -> Written:
        options = TFLiteOptions(quantize=mode, input_dtype=input_dtype, calibration_samples=16)
        plain = f"plain tflite {options.measures} {None if options.measures else input_dtype}"  # to be quantized

        def convert(folder: Path) -> Written:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "to_tflite", lambda *given: shared.get(plain, lambda _: to_tflite(*given)))
                return module.convert(demo, folder, options)

        return shared.get(f"tflite {mode} {input_dtype}", convert)

    return make


@pytest.fixture(scope="session")
def onnx_file(demo, shared):
    """quantize -> the artifact."""
    from converters.onnx import convert as module
    from converters.onnx.options import ONNXOptions

    to_onnx = module.to_onnx

    def export_once(*arguments, opset, **options):
        return shared.get(f"onnx, opset {opset}", lambda _: to_onnx(*arguments, opset=opset, **options))

    @cache
    def make(quantize: str = "none") -> Written:
        def convert(folder: Path) -> Written:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "to_onnx", export_once)
                return module.convert(demo, folder, ONNXOptions(quantize=quantize, calibration_samples=24))

        return shared.get(f"onnx {quantize}", convert)

    return make


@pytest.fixture(scope="session")
def head(shared):
    """name of a head of tests/heads.py -> the folder of its checkpoint, and its .onnx at HEAD_SIDE."""

    def make(name: str, folder: Path) -> tuple[str, Written]:
        from converters.onnx.convert import convert
        from converters.onnx.options import ONNXOptions

        saved = save_head(name, folder / name.replace(" ", "-"))
        checkpoint = load_checkpoint(saved, task="segmentation" if name == SEGMENTER else "classification")
        return saved, convert(checkpoint, folder, ONNXOptions(image_size=(HEAD_SIDE,)))

    return cache(lambda name: shared.get(f"head {name}", lambda folder: make(name, folder)))
