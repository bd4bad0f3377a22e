"""What the kit stands on here: versions, runtimes, the processor, and the kernels that libraries choose for it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from packaging.requirements import Requirement

from reference.extras import KIT, required_version, version_of

from ..runtimes import RUNTIMES, LooksInside, NotRun, runtime_class

# What runs artifacts, and makes their pixels.
TOOLS = tuple(dict.fromkeys(["torch", "numpy", "pillow", *(each.distribution for each in RUNTIMES.values())]))

# What speed and rounding depend on, by the names of torch.cpu.get_capabilities, which tells those of its architecture.
INSTRUCTIONS = {
    "avx2": "AVX2",
    "f16c": "F16C",
    "avx512_f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "avx512_fp16": "AVX-512 FP16",
    "avx_vnni": "AVX-VNNI",
    "amx_int8": "AMX int8",
    "amx_bf16": "AMX bf16",
    "neon": "NEON",
    "fp16_arith": "FP16",
    "dot": "dotprod",
    "i8mm": "i8mm",
    "bf16": "bf16",
    "sve": "SVE",
    "sme": "SME",
}
# What makes libraries choose other kernels than the processor's own.
SETTINGS = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "NPY_DISABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "OMP_NUM_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
)


@dataclass(frozen=True)
class Dependency:
    """What the kit asks for.

    asked: the range of versions; extra: what brings it, "" where it always comes; version: null where it is absent.
    """

    name: str
    asked: str
    extra: str
    version: str | None


@dataclass(frozen=True)
class Ability:
    """What a runtime can do here; not_run: why it cannot run, "" where it can; localizes: it can look inside."""

    runtime: str
    format: str
    localizes: bool
    not_run: str


@dataclass(frozen=True)
class Processor:
    """Its name, and which of INSTRUCTIONS it has and lacks; unknown: why neither is told, else ""."""

    name: str
    has: list[str]
    lacks: list[str]
    unknown: str


@dataclass(frozen=True)
class Environment:
    """All of it; kernels: by library, what it chose; settings: those of SETTINGS that are set."""

    python: str
    system: str
    dependencies: list[Dependency]
    runtimes: list[Ability]
    processor: Processor
    kernels: dict[str, str]
    settings: dict[str, str]


def environment() -> Environment:
    """Look at all of it; UserError where the kit itself is not installed."""
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        dependencies=list(dependencies()),
        runtimes=[ability(key) for key in RUNTIMES],
        processor=processor(),
        kernels={"PyTorch": torch_kernels(), "oneDNN": onednn(), "NumPy": numpy_kernels(), "OpenBLAS": openblas()},
        settings={name: os.environ[name] for name in SETTINGS if name in os.environ},
    )


def machine() -> str:
    """What ratios of latencies depend on: the system, the processor's kind and its widest instructions."""
    return f"{platform.system()} {platform.machine()} {torch_kernels()}"


def versions() -> dict[str, str]:
    """Of the TOOLS that are installed."""
    found = {tool: version_of(tool) for tool in TOOLS}
    return {tool: version for tool, version in found.items() if version is not None}


def dependencies() -> Iterator[Dependency]:
    """What the kit's own metadata asks for on this system, each under the first extra that brings it."""
    required_version(KIT)
    kit = importlib.metadata.metadata(KIT)
    asked = [Requirement(text) for text in kit.get_all("Requires-Dist") or []]
    for extra in ("", *(kit.get_all("Provides-Extra") or [])):
        for each in asked:
            # An extra that is made of others asks for the kit.
            if each.name != KIT and _brings(extra, each) and not (extra and _brings("", each)):
                yield Dependency(each.name, str(each.specifier), extra, version_of(each.name))


def _brings(extra: str, asked: Requirement) -> bool:
    return asked.marker is None or asked.marker.evaluate({"extra": extra})


def ability(runtime: str) -> Ability:
    """What a key of RUNTIMES can do here, by its own word."""
    found = runtime_class(runtime)
    try:
        found.check_here()
        reason = ""
    except NotRun as error:
        reason = str(error)
    return Ability(runtime, RUNTIMES[runtime].format, issubclass(found, LooksInside), reason)


def processor() -> Processor:
    """By PyTorch's word, whose library for it knows Linux and macOS, x86 and ARM."""
    name = platform.processor() or platform.machine()
    if not hasattr(torch.cpu, "get_capabilities"):
        return Processor(name, [], [], f"PyTorch {torch.__version__} does not tell, newer ones do")
    told = torch.cpu.get_capabilities()
    return Processor(
        told.get("cpu_name") or name,
        has=[says for key, says in INSTRUCTIONS.items() if told.get(key) is True],
        lacks=[says for key, says in INSTRUCTIONS.items() if told.get(key) is False],
        unknown="",
    )


def torch_kernels() -> str:
    """The widest instructions of PyTorch's own kernels."""
    return torch.backends.cpu.get_cpu_capability()


def numpy_kernels() -> str:
    """The features that NumPy's loops may use: what it was built for, and what it found beyond."""
    told = np.show_config(mode="dicts")["SIMD Extensions"]
    return ", ".join([*told.get("baseline", []), *told.get("found", [])])


def openblas() -> str:
    """The kernels of each OpenBLAS in this process."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "NOT RUN: threadpoolctl is not installed (extra coreml)"
    found = {each["architecture"] for each in threadpool_info() if each["internal_api"] == "openblas"}
    return ", ".join(sorted(found)) or "none in this process"


@cache
def onednn() -> str:
    """The instructions that oneDNN, inside PyTorch, allows itself. It tells them on stdout, once in a process."""
    if not torch.backends.mkldnn.is_available():
        return "not in this PyTorch"
    tensor = torch.zeros(1).to_mkldnn()
    sys.stdout.flush()
    with tempfile.TemporaryFile() as told:
        out = os.dup(1)
        os.dup2(told.fileno(), 1)
        try:
            with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
                torch.relu(tensor)
        finally:
            os.dup2(out, 1)
            os.close(out)
        told.seek(0)
        lines = told.read().decode(errors="replace").splitlines()
    return next((line.split("isa:")[1] for line in lines if ",cpu,isa:" in line), "does not tell")
