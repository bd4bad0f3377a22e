"""What several test modules share: oracles, real images, and artifacts converted once per run."""

from __future__ import annotations

import copy
import platform
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from converters.artifact import Written
from reference.checkpoints import Checkpoint, load_checkpoint
from reference.demo import scenes


def _let_torchvision_import() -> torch.library.Library | None:
    """Define the operators without which torchvision fails at import, and the oracles that import it with it.

    The registry's torchvision is built against CUDA; beside a CPU build of torch its C operators do not load. No oracle
    runs them. Nothing happens where torchvision works, or is absent.
    """
    try:
        import torchvision  # noqa: F401
    except ImportError:
        return None
    except RuntimeError:  # operator torchvision::nms does not exist
        operators = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # halfway imported
        return operators
    return None


_TORCHVISION_OPERATORS = _let_torchvision_import()  # defined as long as this object lives


NOT_RUN = "NOT RUN: Core ML runs on Apple's systems only"


def pytest_collection_modifyitems(items):
    if platform.system() != "Darwin":
        for item in items:
            if item.get_closest_marker("macos"):
                item.add_marker(pytest.mark.skip(reason=NOT_RUN))


def pytest_terminal_summary(terminalreporter):
    """A check that did not run must not look like one that passed."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NOT_RUN in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{NOT_RUN}: {len(skipped)} tests of Apple's runtime beside the executor")


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
    from converters.coreml.convert import convert

    done: dict[str, Written] = {}

    def get(precision: str) -> Written:
        if precision not in done:
            done[precision] = convert(demo, tmp_path_factory.mktemp(precision), precision=precision)
        return done[precision]

    return get


@pytest.fixture(scope="session")
def tflite(demo, tmp_path_factory):
    """(precision, input dtype) -> the artifact."""
    from converters.tflite.convert import convert

    done: dict[tuple[str, str], Written] = {}

    def get(precision: str = "float16", input_dtype: str = "float32") -> Written:
        key = (precision, input_dtype)
        if key not in done:
            folder = tmp_path_factory.mktemp("-".join(key))
            done[key] = convert(demo, folder, precision=precision, input_dtype=input_dtype)
        return done[key]

    return get


@pytest.fixture(scope="session")
def onnx_file(demo, tmp_path_factory):
    """quantize -> the artifact; exported once for all, since that takes longest."""
    from converters.onnx import convert

    done: dict[str, Written] = {}
    exported: list = []
    export = convert.to_onnx

    def export_once(*arguments, **options):
        if not exported:
            exported.append(export(*arguments, **options))
        return copy.deepcopy(exported[0])

    def get(quantize: str = "none") -> Written:
        if quantize not in done:
            folder = tmp_path_factory.mktemp(quantize)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(convert, "to_onnx", export_once)
                done[quantize] = convert.convert(demo, folder, quantize=quantize, calibration_samples=24)
        return done[quantize]

    return get


def logits_error(answer: np.ndarray | torch.Tensor, expected: np.ndarray | torch.Tensor) -> float:
    """Largest difference in units of the largest expected logit."""
    answer, expected = np.asarray(answer), np.asarray(expected)
    scale = np.abs(expected).max()
    assert scale > 1e-2, "a network that answers zeros proves nothing"
    return float(np.abs(answer - expected).max() / scale)
