"""The .aimodel against PyTorch, in Apple's own runtime; what it consists of, by Apple's own summary."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import json
import sys
from collections import namedtuple

import numpy as np
import pytest

from reference import scenes
from reference.errors import UserError
from reference.extras import require
from reference.golden import golden_path
from reference.layers import ConvLayer
from reference.manifest import digest, read_manifest
from reference.tolerances import tolerance
from validation.artifact import app_processor
from validation.checks.latency import latency
from validation.checks.localize import first_bad, localize
from validation.checks.parity import parity
from validation.graphs import read
from validation.mil import Precision, Program
from validation.runtimes.pytorch import PyTorchRuntime

SCENES = range(3)


@pytest.fixture(scope="module")
def asset():
    return pytest.importorskip(
        "coreai.authoring.asset", reason="NOT RUN: coreai-core is not installed (extra coreai, Python 3.11)"
    ).AIModelAsset


def pixels_of(artifact, index):
    processor = app_processor(read_manifest(artifact))
    return processor.resize_and_crop(scenes.render("validation", index).image)


def test_interface_is_the_one_tried(asset):
    """The versions are betas: what the kit calls, some of it private, must still be there."""
    import coreai_torch
    from coreai._compiler.ir import Module
    from coreai.authoring.context import Context
    from coreai.runtime import NDArray
    from coreai_torch._compression import custom_layers

    wanted = [
        (asset, "load"), (asset, "executable"), (asset, "summary"), (asset, "update_metadata"), (asset, "program"),
        (coreai_torch.TorchConverter, "register_torch_lowering"), (coreai_torch.TorchConverter, "to_coreai"),
        (coreai_torch.TorchConverter.Mode, "RELEASE"), (coreai_torch, "get_decomp_table"),
        (coreai_torch, "generate_composite_decl"), (custom_layers, "PalettizeModule"),
        (custom_layers, "WeightDequantizeModule"), (Module, "parse"), (NDArray, "numpy"),
        (sys.modules["coreai.authoring.asset"].AIProgram, "_from_mlir_module"), (Context(), "_mlir_context"),
    ]  # fmt: skip
    version = importlib.metadata.version("coreai-core")
    for owner, name in wanted:
        assert hasattr(owner, name), f"coreai-core {version}: {owner!r} no longer has {name}"
    for given in ("input_names", "output_names"):
        signature = inspect.signature(coreai_torch.TorchConverter.add_exported_program)
        assert given in signature.parameters, f"add_exported_program no longer takes {given}"


def test_python_too_old_is_told_in_one_line(monkeypatch):
    old = namedtuple("old", "major minor micro releaselevel serial")(3, 10, 0, "final", 0)
    monkeypatch.setattr(sys, "version_info", old)
    with pytest.raises(UserError, match=r"coreai-torch has no release for Python .*: use 3\.11 or newer"):
        require("coreai", "coreai_torch")
    require("onnx", "json")


def test_program_is_lean(aimodel, asset):
    """A plain export has 265 reshapes, 103 transposes and 1,148 constants by Apple's summary."""
    artifact = aimodel().path
    summary = asset.load(artifact).summary()
    told, graph = dict(summary.operation_distribution), read(artifact)
    kinds = [node.kind for node in graph.nodes]
    assert told["transpose"] == kinds.count("transpose") <= 12
    assert kinds.count("reshape") <= 40
    assert sum(each.constant for each in graph.values.values()) <= 500
    for kind in ("conv2d", "silu", "softmax", "invoke", "batch_matmul"):  # what falls apart into nothing of its kind
        assert kinds.count(kind) == told[kind]
    assert kinds.count("invoke") == 21, "each LayerNorm is one composite"
    assert summary.function_inputs("main") == [("image", summary.function_inputs("main")[0][1])]
    large = {each.dtype for name, each in graph.values.items() if name.startswith("main") and each.shape}
    assert "float32" in large  # probabilities, the last
    wide = [node.kind for node in graph.nodes if node.outputs[0].startswith("main")]
    assert [graph.values[node.outputs[0]].dtype for node in graph.nodes if node.kind == "conv2d"] == ["float16"] * (
        wide.count("conv2d")
    )


def test_same_checkpoint_gives_the_same_bytes(aimodel, demo, tmp_path):
    from converters.coreai.convert import convert

    assert digest(convert(demo, tmp_path).path) == digest(aimodel().path)


def test_metadata(aimodel, demo):
    said = json.loads((aimodel().path / "metadata.json").read_text())
    assert said["creatorDefinedMetadata"]["labels"] == demo.model.config.labels
    assert said["creatorDefinedMetadata"]["checkpoint_sha256"] == demo.sha256
    assert said["creationDate"] == "20000101T000000Z"
    assert said["license"] == "Apache-2.0"


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"precision": "float32"}, marks=pytest.mark.deep),
        {"compress": "palettize6"},
        {"compress": "w8a8"},
        pytest.param({"compress": "int8"}, marks=pytest.mark.deep),
        pytest.param({"compress": "palettize4"}, marks=pytest.mark.deep),
    ],
    ids=str,
)
def test_answers_as_pytorch_does(aimodel, options):
    images = [scenes.render("validation", index).image for index in SCENES]
    (found,) = parity([aimodel(**options).path], images=images)
    assert {check.verdict for check in found.checks} == {"PASS"}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("size", "task"), [("xs", "classification"), ("s", "classification"), ("xxs", "segmentation"), ("xs", "features")]
)
def test_other_sizes_and_tasks_in_an_apps_folder(size, task, tmp_path):
    """As a phone gets them, and with the golden set that it judges itself by."""
    from converters.coreai.__main__ import main

    assert main(["--size", size, "--task", task, "--image-size", "96", "--into", str(tmp_path)]) == 0
    (artifact,) = tmp_path.glob("*.aimodel")
    images = [scenes.render("validation", index).image for index in SCENES]
    for asked in ({"images": images}, {"golden": golden_path(artifact)}):
        assert {check.verdict for check in parity([artifact], **asked)[0].checks} == {"PASS"}


def test_a_caller_may_run_a_loop_of_its_own(aimodel):
    """As a notebook does."""
    from validation.runtimes.coreai import CoreAIRuntime

    async def caller() -> np.ndarray:
        return CoreAIRuntime(artifact, read_manifest(artifact)).run(pixels)

    artifact = aimodel().path
    pixels = pixels_of(artifact, 0)
    assert asyncio.run(caller()).argmax() == CoreAIRuntime(artifact, read_manifest(artifact)).run(pixels).argmax()


def test_every_layer_is_sound(aimodel, demo):
    located, bound = localize(aimodel().path, scenes.render("validation", 0).image)
    assert len(located) == sum(isinstance(module, ConvLayer) for module in demo.model.modules())
    assert first_bad(located, bound) is None


@pytest.mark.skipif(sys.platform == "darwin", reason="there its time is a device's")
def test_time_off_macos_is_no_devices_time(aimodel):
    assert "time it on macOS" in latency([aimodel().path], runs=1, loading=False)[1].not_run


@pytest.mark.parametrize("count", [1, pytest.param(8, marks=pytest.mark.deep)])
def test_core_ml_and_core_ai_agree_in_float16(aimodel, mlpackage, demo, record_property, count):
    """One network, two programs, two codes that run them; which mode of the executor lies closest to Apple's code."""
    from validation.runtimes.coreai import CoreAIRuntime

    apples, package = aimodel().path, mlpackage("float16").path
    runtime, reference = CoreAIRuntime(apples, read_manifest(apples)), PyTorchRuntime(demo)
    labels = read_manifest(package).labels
    modes = {mode: Program(package, precision=mode) for mode in Precision}
    distances = {mode: [] for mode in modes}
    for index in range(count):
        pixels = pixels_of(apples, index)
        expected, apple = reference.run(pixels), runtime.run(pixels)
        # As parity bounds Core AI's float16, in which each result is rounded: no executor mode rounds more.
        bound = tolerance(read_manifest(apples).artifact, "probabilities", expected[None]).bounds["max_abs_error"]
        assert np.abs(apple - expected).max() <= bound
        for mode, program in modes.items():
            told = program.predict({"image": pixels})["classLabel_probs"]
            own = np.array([told[label] for label in labels])
            assert np.abs(own - expected).max() <= bound
            distances[mode].append(np.abs(own - apple).max())
    means = {str(mode): float(np.mean(each)) for mode, each in distances.items()}
    record_property("distance to Apple's code", means)
    print("closest to Core AI:", min(means, key=means.get), means)
