"""What several test modules share: oracles, real images, and artifacts converted once per run."""

from __future__ import annotations

import copy
import platform
from collections import Counter

import pytest
from PIL import Image

from converters.artifact import Written
from reference import scenes
from reference.checkpoints import Checkpoint, load_checkpoint
from reference.extras import coremltools_writes
from validation.peers.imports import let_torchvision_import

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


def pytest_addoption(parser):
    parser.addoption("--reverse", action="store_true", help="run the tests in reverse order")


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.nodeid.startswith(NUMERIC):
            item.add_marker("numeric")
    if config.getoption("--reverse"):
        items.reverse()
    lacking = {"macos": NOT_RUN} if platform.system() != "Darwin" else {}
    lacking |= {} if coremltools_writes() else {"writes_packages": NO_WRITER}
    for item in items:
        for marker, reason in lacking.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


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
def mlpackage(demo, tmp_path_factory):
    """precision -> the artifact."""
    if not coremltools_writes():
        pytest.skip(NO_WRITER)
    from converters.coreml.convert import convert
    from converters.coreml.options import CoreMLOptions

    done: dict[str, Written] = {}

    def get(precision: str) -> Written:
        if precision not in done:
            done[precision] = convert(demo, tmp_path_factory.mktemp(precision), CoreMLOptions(precision=precision))
        return done[precision]

    return get


@pytest.fixture(scope="session")
def tflite(demo, tmp_path_factory):
    """(mode, input dtype) -> the artifact; few calibration images, as they take the time."""
    from converters.tflite.convert import convert
    from converters.tflite.options import TFLiteOptions

    done: dict[tuple[str, str | None], Written] = {}

    def get(mode: str = "float16", input_dtype: str | None = None) -> Written:
        key = (mode, input_dtype)
        if key not in done:
            options = TFLiteOptions(quantize=mode, input_dtype=input_dtype, calibration_samples=16)
            done[key] = convert(demo, tmp_path_factory.mktemp(mode), options)
        return done[key]

    return get


@pytest.fixture(scope="session")
def onnx_file(demo, tmp_path_factory):
    """quantize -> the artifact; exported once for each opset, since that takes longest."""
    from converters.onnx import convert
    from converters.onnx.options import ONNXOptions

    done: dict[str, Written] = {}
    exported = {}
    export = convert.to_onnx

    def export_once(*arguments, opset, **options):
        if opset not in exported:
            exported[opset] = export(*arguments, opset=opset, **options)
        return copy.deepcopy(exported[opset])

    def get(quantize: str = "none") -> Written:
        if quantize not in done:
            folder = tmp_path_factory.mktemp(quantize)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(convert, "to_onnx", export_once)
                done[quantize] = convert.convert(demo, folder, ONNXOptions(quantize=quantize, calibration_samples=24))
        return done[quantize]

    return get
