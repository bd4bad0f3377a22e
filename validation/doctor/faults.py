"""Combinations known to be bad: each was met in practice, and is found by trying, not by its versions."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from packaging.specifiers import SpecifierSet

from reference.extras import coremltools_writes

from .environment import dependencies


@dataclass(frozen=True)
class Fault:
    """probe: tries, and says what it found, or None where all is well; means: what goes wrong then; remedy: what to do.

    Remedies are what a shell takes, where there is one.
    """

    name: str
    probe: Callable[[], str | None]
    means: str
    remedy: str


@dataclass(frozen=True)
class Found:
    """A fault that is here; see Fault."""

    name: str
    found: str
    means: str
    remedy: str


def halves_out_of_order() -> str | None:
    """NumPy's float16 sort against Python's sort of the same numbers.

    20,736 draws out of 16 numbers: the weights of a layer after palettization, where the fault was met.
    """
    numbers = np.linspace(-1, 1, 16).astype(np.float16)
    drawn = np.random.default_rng(0).choice(numbers, 20_736)
    expected = sorted(drawn.tolist())
    entries = len(np.unique(drawn))
    if entries != len(set(expected)):
        return f"np.unique finds {entries} values where there are {len(set(expected))}"
    if np.sort(drawn).tolist() != expected:
        return "np.sort leaves them out of order"
    middle = len(drawn) // 2
    return None if np.partition(drawn, middle)[middle] == expected[middle] else "np.partition misses the median"


def out_of_range() -> str | None:
    """Installed versions against what the kit asks for; what only an extra brings may be absent."""
    wrong = [
        f"{each.name} {each.version or 'is missing'}, asked for {each.asked}"
        for each in dependencies()
        if (each.version is None and not each.extra)
        or (each.version is not None and not SpecifierSet(each.asked).contains(each.version, prereleases=True))
    ]
    return "; ".join(wrong) or None


def coremltools_without_libraries() -> str | None:
    """What pip leaves out; see coremltools_writes."""
    here = importlib.util.find_spec("coremltools") is not None
    return "the library that writes weights is missing" if here and not coremltools_writes() else None


def tensorflow_before_triton() -> str | None:
    """Import both, in a process that may crash. triton comes with PyTorch's builds for CUDA, which import it late."""
    if any(importlib.util.find_spec(name) is None for name in ("tensorflow", "triton")):
        return None
    command = [sys.executable, "-c", "import tensorflow, triton._C.libtriton"]
    code = subprocess.run(command, capture_output=True).returncode
    return f"importing triton after TensorFlow ends with signal {-code}" if code < 0 else None


FAULTS = (
    Fault(
        "NumPy sorts float16 wrongly",  # NumPy 2.4, on x86 with AVX512_ICL or AVX512_SPR
        halves_out_of_order,
        "np.unique, sort, median and percentile of float16 are wrong, and with them whatever else stands on them",
        'export NPY_DISABLE_CPU_FEATURES="AVX512_ICL AVX512_SPR"',
    ),
    Fault(
        "versions that the kit does not ask for",
        out_of_range,
        "the kit was never tested with them",
        "pip install -e '.[all]' in the project's folder",
    ),
    Fault(
        "coremltools without its libraries",
        coremltools_without_libraries,
        "it has no wheel for this Python and system, pip built it from its source, and converters.coreml cannot write",
        "install with a Python and on a system that it has a wheel for: Linux on x86, macOS",
    ),
    Fault(
        "TensorFlow and triton in one process",  # TensorFlow 2.21 beside triton 3.7, of PyTorch 2.13 for CUDA
        tensorflow_before_triton,
        "Python crashes when PyTorch's compiler, torchvision or transformers is imported after TensorFlow",
        "import torch._dynamo before tensorflow, or install PyTorch's build for CPUs, which has no triton",
    ),
)


def faults() -> list[Found]:
    """Those of FAULTS that are here."""
    tried = ((each, each.probe()) for each in FAULTS)
    return [Found(each.name, said, each.means, each.remedy) for each, said in tried if said is not None]
