"""`python -m validation doctor`: what it says of this environment, against what can be seen by other means."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from reference import extras
from reference.errors import UserError
from validation.__main__ import main
from validation.artifact import Artifact
from validation.doctor import environment, faults
from validation.results import FAILED, PASSED, USAGE
from validation.runtimes import NotRun, load

EXTRAS = (
    "coreai",
    "coremltools",
    "ai_edge_litert",
    "ai_edge_litert.interpreter",
    "onnxruntime",
    "tensorflow",
    "threadpoolctl",
)
RIGHT = {"sort": np.sort, "unique": np.unique, "partition": np.partition}


@pytest.fixture
def no_extras(monkeypatch, tmp_path):
    """As if only what the kit always brings were installed."""
    version = importlib.metadata.version
    brought = {each.name for each in environment.dependencies() if each.extra}

    def hidden(name):
        if name in brought:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", hidden)
    monkeypatch.setenv("MOBILEVIT_ARM", str(tmp_path / "no ARM"))
    for module in EXTRAS:
        monkeypatch.setitem(sys.modules, module, None)


@pytest.fixture
def only(monkeypatch):
    """Leaves one of the known faults, by its probe: the others are this machine's."""

    def leave(probe):
        monkeypatch.setattr(faults, "FAULTS", [each for each in faults.FAULTS if each.probe is probe])

    return leave


def doctor(tmp_path: Path) -> tuple[int, dict]:
    """The exit code, and what --json wrote."""
    path = tmp_path / "new" / "doctor.json"
    code = main(["doctor", "--json", str(path)])
    return code, json.loads(path.read_text("utf-8"))


def processor_flags() -> set[str]:
    """What Linux says the processor has."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return set(next(line for line in lines if line.lower().startswith(("flags", "features"))).split(":")[1].split())


def test_what_is_here(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(faults, "FAULTS", ())
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code, told = doctor(tmp_path)
    printed = capfd.readouterr().out
    assert code == PASSED
    assert "nothing known to be bad" in printed
    assert "onednn_verbose" not in printed
    assert max(map(len, printed.splitlines())) <= 100
    assert told["python"] == platform.python_version()
    assert told["kernels"]["PyTorch"] == torch.backends.cpu.get_cpu_capability()
    assert told["settings"]["OMP_NUM_THREADS"] == "1"
    versions = {each["name"]: each["version"] for each in told["dependencies"]}
    assert torch.__version__.startswith(versions["torch"])  # the wheel's may leave out +cu126
    assert versions["onnx"] == importlib.metadata.version("onnx")
    assert len(versions) == len(told["dependencies"]), "each under one extra"


def test_without_extras(no_extras, only, tmp_path, capfd):
    only(faults.out_of_range)
    code, told = doctor(tmp_path)
    assert code == PASSED, told["faults"]
    assert "missing: onnx, onnxscript, onnxruntime (pip install -e '.[onnx]')" in capfd.readouterr().out
    not_run = {each["runtime"]: each["not_run"] for each in told["runtimes"]}
    assert not_run["mil"] == "coremltools is not installed (extra coreml)"
    assert not_run["litert"] == "ai-edge-litert is not installed (extra tflite)"
    assert not_run["onnxruntime"] == "onnxruntime is not installed (extra onnx)"
    assert "extra coreml" in told["kernels"]["OpenBLAS"]
    for each in told["runtimes"]:
        manifest = SimpleNamespace(artifact=SimpleNamespace(format=each["format"]))
        with pytest.raises(NotRun, match=re.escape(each["not_run"])):
            load(Artifact(tmp_path / "none", "none", manifest), each["runtime"])


@pytest.mark.skipif(platform.system() != "Linux", reason="NOT RUN: /proc/cpuinfo is Linux's")
@pytest.mark.skipif(not hasattr(torch.cpu, "get_capabilities"), reason="NOT RUN: this PyTorch tells no instructions")
def test_instructions_as_linux_says():
    linux = {
        "AVX2": "avx2", "F16C": "f16c", "AVX-512": "avx512f", "AVX-512 VNNI": "avx512_vnni", "AVX-VNNI": "avx_vnni",
        "AMX int8": "amx_int8", "NEON": "asimd", "dotprod": "asimddp", "i8mm": "i8mm", "bf16": "bf16",
    }  # fmt: skip
    told, flags = environment.processor(), processor_flags()
    checked = {name for name in linux if name in told.has + told.lacks}
    assert {name for name in checked if linux[name] in flags} == checked & set(told.has)
    assert len(checked) >= 4


@pytest.mark.processes
@pytest.mark.skipif(platform.machine() != "x86_64", reason="NOT RUN: kernels of x86")
def test_kernels_are_those_that_settings_leave():
    """Libraries choose when they load, hence the process of its own."""
    settings = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"}
    code = "import json, validation.doctor.environment as e; print(json.dumps(e.environment().kernels))"
    process = subprocess.run([sys.executable, "-c", code], env={**os.environ, **settings}, capture_output=True)
    chosen = json.loads(process.stdout)
    assert chosen.pop("NumPy")
    assert chosen == {"PyTorch": "DEFAULT", "oneDNN": "Intel SSE4.1", "OpenBLAS": "Nehalem"}


@pytest.mark.parametrize("wrong", ["sort", "unique", "partition"])
def test_halves_out_of_order(wrong, only, tmp_path, capfd, monkeypatch):
    """The fault of NumPy 2.4 on AVX-512 is imitated, also where it is: values in the wrong place, by one function."""
    only(faults.halves_out_of_order)

    def in_place(name):
        return lambda values, *arguments: RIGHT[name](values.astype(np.float32), *arguments).astype(values.dtype)

    def misplaced(name):
        def half_turn(values, *arguments):
            ordered = in_place(name)(values, *arguments)
            ordered = np.concatenate([ordered[len(ordered) // 2 :], ordered[: len(ordered) // 2]])
            return ordered.repeat(2) if name == "unique" else ordered

        return half_turn

    for name in RIGHT:
        monkeypatch.setattr(np, name, misplaced(name) if name == wrong else in_place(name))
    code, told = doctor(tmp_path)
    assert code == FAILED
    (bad,) = told["faults"]
    assert bad["name"] == "NumPy sorts float16 wrongly"
    assert f"np.{wrong}" in bad["found"]
    assert 'NPY_DISABLE_CPU_FEATURES="AVX512_ICL AVX512_SPR"' in capfd.readouterr().out


def test_versions_out_of_range(only, tmp_path, monkeypatch):
    """One that is too old, one that is missing though the kit always brings it."""
    only(faults.out_of_range)
    version = importlib.metadata.version

    def other(name):
        if name == "jinja2":
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.6.1" if name == "torch" else version(name)

    monkeypatch.setattr(importlib.metadata, "version", other)
    code, told = doctor(tmp_path)
    assert code == FAILED
    (bad,) = told["faults"]
    assert bad["found"].startswith("torch 2.6.1, asked for ")
    assert "jinja2 is missing" in bad["found"]
    assert "numpy" not in bad["found"]


def test_coremltools_without_libraries(only, tmp_path, monkeypatch):
    """As pip builds it from its source: Python alone."""
    only(faults.coremltools_without_libraries)
    assert faults.faults() == []
    package = tmp_path / "coremltools"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "coremltools", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert [each.name for each in faults.faults()] == ["coremltools without its libraries"]


@pytest.mark.parametrize(("does", "said"), [("", []), ("import os; os.abort()", ["signal 6"])])
def test_tensorflow_before_triton(does, said, only, tmp_path, monkeypatch):
    """With modules of these names that do nothing, or crash."""
    only(faults.tensorflow_before_triton)
    for package in ("tensorflow", "triton", "triton/_C"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "triton" / "_C" / "libtriton.py").write_text(does)
    monkeypatch.setattr(faults.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert [each.found.partition("with ")[2] for each in faults.faults()] == said


def test_a_kit_that_is_not_installed(monkeypatch, capsys):
    for place in (environment, extras):
        monkeypatch.setattr(place, "KIT", "mobilevit-edge-kit-of-nobody")
    with pytest.raises(UserError, match="pip install -e"):
        list(environment.dependencies())
    assert main(["doctor"]) == USAGE
    assert capsys.readouterr().err.startswith("error: mobilevit-edge-kit-of-nobody is not installed")
