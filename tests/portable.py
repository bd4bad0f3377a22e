"""The numeric tests again, as poorer and richer processors would run them: `make test-portable`.

Libraries choose their kernels by the processor. They can be told to take an older one's, so one machine stands for
many: `python -m tests.portable [--short]` runs the tests that are marked `numeric`, once for each setting below, and
says what it could not run here. The tests run in reverse order, and in other numbers of workers: neither may matter.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

# Of PyTorch, oneDNN and OpenBLAS; NumPy is told what to leave out.
AVX512 = ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR", "X86_V4")
AVX2 = ("AVX2", "FMA3", "X86_V3", *AVX512)


@dataclass(frozen=True)
class Setting:
    """A processor to imitate.

    needs: what PyTorch must find here, in its words, so that it can run; without: what NumPy must not use; variables:
    for the other libraries; workers: processes that the tests run in.
    """

    needs: str
    without: tuple[str, ...]
    variables: dict[str, str]
    workers: int


SETTINGS = {
    "baseline": Setting(
        "",
        AVX2,
        {
            "ATEN_CPU_CAPABILITY": "default",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
            "OPENBLAS_CORETYPE": "Nehalem",
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "OMP_NUM_THREADS": "1",
        },
        2,
    ),
    "avx2": Setting(
        "AVX2",
        AVX512,
        {
            "ATEN_CPU_CAPABILITY": "avx2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "OPENBLAS_CORETYPE": "Haswell",
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "OMP_NUM_THREADS": "2",
        },
        1,
    ),
    "avx512": Setting(
        "AVX512",
        (),
        {
            "ATEN_CPU_CAPABILITY": "avx512",
            "ONEDNN_MAX_CPU_ISA": "ALL",
            "OPENBLAS_CORETYPE": "SkylakeX",
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "OMP_NUM_THREADS": "1",
        },
        2,
    ),
}
# The short form: each kind of arithmetic once, with the one conversion that takes least.
SHORT = (
    "tests/reference/test_mobilevit.py",
    "tests/reference/test_keras.py::test_other_architectures_image_sizes_and_batches",
    "tests/reference/test_keras_files.py::test_segmentation_converts_with_builtin_operations",
    "tests/converters/test_channels_first.py",
    "tests/validation/mil/test_networks.py",
)


def environment(setting: Setting) -> dict[str, str]:
    """This process's, and what makes libraries behave as on that processor."""
    from numpy._core import _multiarray_umath as umath

    unused = [name for name in umath.__cpu_dispatch__ if name in setting.without and umath.__cpu_features__.get(name)]
    numpy = {"NPY_DISABLE_CPU_FEATURES": " ".join(unused)} if unused else {}
    return {**os.environ, **setting.variables, **numpy}


def missing(setting: Setting) -> str:
    """Why a setting cannot run here; "" where it can."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return "settings are of x86 processors"
    here = torch.backends.cpu.get_cpu_capability()
    order = ["DEFAULT", "AVX2", "AVX512"]
    too_much = setting.needs and order.index(here) < order.index(setting.needs)
    return f"this processor has {here} at most" if too_much else ""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.portable", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="one test of each kind of arithmetic")
    parser.add_argument("settings", nargs="*", metavar="SETTING", help=f"of {', '.join(SETTINGS)} (default: all)")
    arguments = parser.parse_args(argv)
    unknown = set(arguments.settings) - set(SETTINGS)
    if unknown:
        parser.error(f"there is no setting {min(unknown)}: choose among {', '.join(SETTINGS)}")
    print(f"NumPy {np.__version__}, PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}")
    failed = False
    for name in arguments.settings or SETTINGS:
        setting = SETTINGS[name]
        reason = missing(setting)
        if reason:
            print(f"{name}: NOT RUN: {reason}", flush=True)
            continue
        chosen = [
            "-m",
            "numeric and not benchmark and not deep and not conformance",
            "--reverse",
            *(SHORT if arguments.short else ()),
        ]
        workers = ["-n", str(setting.workers), "--dist", "loadfile"] if setting.workers > 1 else []
        start = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen, *workers], env=environment(setting)
        ).returncode
        failed |= code != 0
        print(f"{name}: {'FAIL' if code else 'PASS'} in {time.monotonic() - start:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
