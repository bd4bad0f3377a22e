"""Commands without a Hub id keep to themselves: they look nothing up, and write nothing beside their folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent
# Notes what is looked up, by whatever code: a process's own libraries ask the C library, and that asks this first.
WATCHER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  FILE *notes = fopen(getenv("LOOKUPS"), "a");
  if (notes) { fprintf(notes, "%s\n", node ? node : "-"); fclose(notes); }
  return ((int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))
      dlsym(RTLD_NEXT, "getaddrinfo"))(node, service, hints, found);
}
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> dict[str, str]:
    """An environment whose home is empty, and in which lookups are noted where there is a C compiler."""
    folder = tmp_path_factory.mktemp("watched")
    home = folder / "home"
    home.mkdir()
    unset = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "HF_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"HOME": str(home), "LOOKUPS": str(folder / "lookups"), "OMP_NUM_THREADS": "1"}
    compiler = shutil.which("cc")
    if sys.platform == "linux" and compiler is not None:
        (folder / "watcher.c").write_text(WATCHER, encoding="utf-8")
        library = folder / "watcher.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "watcher.c", "-ldl"], check=True)
        environment["LD_PRELOAD"] = str(library)
    return environment


def assert_keeps_to_itself(watched, *arguments):
    done = subprocess.run([sys.executable, *arguments], env=watched, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    home, lookups = Path(watched["HOME"]), Path(watched["LOOKUPS"])
    assert sorted(path.relative_to(home) for path in home.rglob("*") if path.is_file()) == []
    assert not lookups.exists(), lookups.read_text(encoding="utf-8")


def test_the_watcher_sees_lookups(watched):
    if "LD_PRELOAD" not in watched:
        pytest.skip("NOT RUN: there is no C compiler")
    lookup = "import socket; socket.getaddrinfo('localhost', 80)"
    subprocess.run([sys.executable, "-c", lookup], env=watched, check=True, timeout=60)
    lookups = Path(watched["LOOKUPS"])
    assert lookups.read_text(encoding="utf-8") == "localhost\n"
    lookups.unlink()


def test_every_runtime_keeps_to_itself(watched, onnx_file, tflite, mlpackage, photographs, tmp_path):
    photographs[0].save(tmp_path / "photograph.png")
    artifacts = [onnx_file().path, tflite().path, mlpackage("float32").path]
    image = ["--image", tmp_path / "photograph.png"]
    assert_keeps_to_itself(watched, "-m", "validation", "classify", *image, *artifacts)


def test_converting_keeps_to_itself(watched):
    """What calibrates asks ONNX Runtime, as it is imported."""
    slow = "import time, converters.onnx.quantize, onnxruntime; time.sleep(1)"
    assert_keeps_to_itself(watched, "-c", slow)
