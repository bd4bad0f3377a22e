"""`python -m validation latency --profile`: kernels and times are the runtimes' own, and leave little unexplained."""

from __future__ import annotations

import json
from collections import Counter

import onnxruntime
import pytest

from validation.__main__ import main
from validation.checks import profile as module
from validation.checks.profile import of_summary
from validation.graphs import read
from validation.results import FAILED, NOT_RUN_BUT_REQUIRED, USAGE


@pytest.fixture
def profiled(tmp_path, capsys):
    """Artifacts -> the exit code, what was printed, and the JSON."""

    def run(*artifacts, more=("--runs", "3", "--warmup", "1")):
        file = tmp_path / "profile.json"
        code = main(["latency", *map(str, artifacts), "--profile", "--json", str(file), *more])
        return code, capsys.readouterr().out, json.loads(file.read_text("utf-8"))

    return run


@pytest.mark.parametrize("mode", ["float16", "int8", "int8-full"])
def test_kernels_are_the_files_operations(tflite, profiled, mode):
    """As many of each as the flatbuffer has, fused as XNNPACK says it does; nothing else."""
    path = tflite(mode).path
    code, printed, (found,) = profiled(path)
    assert code == 0
    assert max(map(len, printed.splitlines())) <= 100
    kinds = Counter(node.kind for node in read(path).nodes)
    counted: Counter[str] = Counter()
    for kernel in found["kernels"]:
        assert set(kernel["operations"].split(", ")) & kinds.keys(), kernel["name"]
        counted[kernel["operations"]] += kernel["count"]
    for kind in ("BATCH_MATMUL", "SOFTMAX", "DEPTHWISE_CONV_2D", "TRANSPOSE", "ADD", "RSQRT", "CONCATENATION"):
        assert counted[kind] == kinds[kind]
    assert counted["FULLY_CONNECTED, CONV_2D"] + counted["CONV_2D"] == kinds["FULLY_CONNECTED"] + kinds["CONV_2D"]
    assert counted["LOGISTIC"] + counted["LOGISTIC, MUL"] == kinds["LOGISTIC"]
    fused = counted["LOGISTIC, MUL"] + counted["MUL, MEAN"]
    assert counted["MUL"] + fused == kinds["MUL"]


@pytest.mark.parametrize("fixture", ["tflite", "onnx_file"])
def test_kernels_make_up_the_time(request, profiled, fixture):
    """Whatever runs beside: kernels do not overlap with one thread, and between them little happens."""
    code, printed, (found,) = profiled(request.getfixturevalue(fixture)().path)
    assert code == 0
    assert "between kernels" in printed
    whole = sum(each["ms"] for each in found["kernels"])
    assert 0.5 * found["wall_ms"] < whole <= found["wall_ms"]
    assert [each["ms"] for each in found["kernels"]] == sorted((each["ms"] for each in found["kernels"]), reverse=True)


def test_onnx_runtimes_operations_are_those_that_it_optimises_to(onnx_file, profiled, tmp_path):
    import onnx

    path = onnx_file().path
    settings = onnxruntime.SessionOptions()
    settings.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    kinds = Counter(node.op_type for node in onnx.load(settings.optimized_model_filepath).graph.node)
    _, _, (found,) = profiled(path)
    assert {each["name"]: each["count"] for each in found["kernels"]} == kinds


@pytest.mark.writes_packages
def test_others_are_not_run(mlpackage, profiled):
    code, printed, (found,) = profiled(mlpackage("float16").path)
    assert code == NOT_RUN_BUT_REQUIRED
    assert "NOT RUN: mobilevit_xxs_demo_float16.mlpackage: no runtime of .mlpackage tells" in printed
    assert found["kernels"] == []


def test_one_number_of_threads(tflite, capsys):
    assert main(["latency", str(tflite("float16").path), "--profile", "--threads", "1", "2"]) == USAGE
    assert "give --threads one" in capsys.readouterr().err


def test_a_file_that_crashes_fails_alone(tflite, onnx_file, profiled, monkeypatch):
    monkeypatch.setitem(module.PROFILERS, "tflite", "tests.validation.unruly:crash")
    code, printed, (bad, good) = profiled(tflite("float16").path, onnx_file().path)
    assert code == FAILED
    assert "what profiles it ended its process by SIGABRT" in bad["failed"]
    assert good["kernels"]


def test_litert_of_another_form_is_told(monkeypatch):
    from reference.errors import UserError

    with pytest.raises(UserError, match="another form"):
        of_summary("Number of nodes executed: 3", 1)
