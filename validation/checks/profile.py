"""Where an inference's time goes, by kind of operation: `python -m validation latency --profile`.

It is the runtime's own word: LiteRT passes on what XNNPACK tells of its kernels, and ONNX Runtime writes a trace. Each
file runs in a process of its own. What the runtimes' words leave of the time by the clock is told too.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from reference.confined import Misbehaved
from reference.errors import UserError

from ..artifact import Artifact, app_processor
from ..runtimes import NotRun, each_apart, reading_seconds
from ..runtimes.runtime import fed

# XNNPACK's kernels -> the kinds of operations in a .tflite file that they compute, the first that matches. A sigmoid of
# integers and the product after it are one table, for which XNNPACK has no name.
IN_THE_FILE = {
    r"Convolution .*DWConv": "DEPTHWISE_CONV_2D",
    r"Convolution": "CONV_2D",
    r"Fully Connected": "FULLY_CONNECTED, CONV_2D",
    r"Batch Matrix Multiply": "BATCH_MATMUL",
    r"Softmax": "SOFTMAX",
    r"Sigmoid": "LOGISTIC",
    r"Invalid Unary Op": "LOGISTIC, MUL",
    r"Mean Squared": "MUL, MEAN",
    r"Mean": "MEAN",
    r"Multiply|Square ": "MUL",
    r"Add": "ADD",
    r"Reciprocal Square Root": "RSQRT",
    r"Transpose": "TRANSPOSE",
    r"Static Reshape": "RESHAPE",
    r"Copy": "CONCATENATION",
    r"Constant Pad": "PAD",
    r"Convert": "QUANTIZE, DEQUANTIZE",
    r".*Resize Bilinear": "RESIZE_BILINEAR",
}
# LiteRT's table: a kind's name, how many, ms of one, share, sum of shares, memory, how many in all runs.
_TABLE = re.compile(r"Summary by node type =+\n(.*?)\n\n", re.DOTALL)
_ROW = re.compile(r"^\s*(\S.*?)\s+\d+\s+[\d.]+\s+([\d.]+)%\s+[\d.]+%\s+[\d.]+\s+(\d+)$", re.MULTILINE)
_TOTAL = re.compile(r"Timings \(microseconds\): .*curr=(\d+)")
_DELEGATE = "Delegate/"


@dataclass(frozen=True)
class Kernel:
    """All kernels of a kind in an inference.

    name: the runtime's; operations: what kinds of the file's they compute; count: how many; ms: of all together.
    """

    name: str
    operations: str
    count: int
    ms: float


@dataclass(frozen=True)
class Profile:
    """An artifact's kernels, longest first, and an inference's time by the clock, both the mean of the same runs.

    not_run, failed: why there is none.
    """

    artifact: str
    runtime: str = "-"
    kernels: list[Kernel] = field(default_factory=list)
    wall_ms: float = 0.0
    not_run: str = ""
    failed: str = ""

    @property
    def elsewhere_ms(self) -> float:
        """Between kernels: their calls, their measurement, and up to a microsecond of each that is cut off."""
        return self.wall_ms - sum(each.ms for each in self.kernels)


def profile(
    artifacts: Sequence[Artifact], *, image: Image.Image, threads: int = 1, runs: int = 50, warm_up: int = 5
) -> list[Profile]:
    """Each artifact's profile.

    Args:
        image: a picture as a camera gives it.
        threads: of the runtime; runs: that count; warm_up: runs before them.
    """
    return [
        _profile(artifact, process.call, image, threads, runs, warm_up) for artifact, process in each_apart(artifacts)
    ]


def _profile(
    artifact: Artifact, call: Callable[..., Profile], image: Image.Image, threads: int, runs: int, warm_up: int
) -> Profile:
    manifest = artifact.manifest
    format = manifest.artifact.format
    if format not in PROFILERS:
        return Profile(artifact.label, not_run=f"no runtime of .{format} tells its kernels' times here")
    pixels = app_processor(manifest).resize_and_crop(image)
    feed = {manifest.input.name: fed(np.stack([pixels] * manifest.input.batch), manifest.input)}
    seconds = threads * (runs + warm_up) * reading_seconds(artifact.path)
    try:
        return call(PROFILERS[format], artifact, feed, threads, runs, warm_up, seconds=seconds)
    except NotRun as reason:
        return Profile(artifact.label, not_run=str(reason))
    except Misbehaved as error:
        return Profile(artifact.label, failed=f"{artifact.label}: what profiles it {error}")
    except UserError as error:
        return Profile(artifact.label, failed=str(error))


def _litert(artifact: Artifact, feed: dict[str, np.ndarray], threads: int, runs: int, warm_up: int) -> Profile:
    from ..runtimes.litert_c import ProfiledModel

    model = ProfiledModel(str(artifact.path), threads)
    model.feed(*feed.values())
    for _ in range(warm_up):
        model.run()
    model.start()
    wall = _mean_ms(model.run, runs)
    return Profile(artifact.label, "LiteRT", of_summary(model.summary(), runs), wall)


def of_summary(text: str, runs: int) -> list[Kernel]:
    """The kernels in LiteRT's own tables of so many runs; UserError where they are of another form."""
    table, total = _TABLE.search(text), _TOTAL.search(text)
    if table is None or total is None:
        raise UserError("this version of LiteRT writes its profile in another form: take ai-edge-litert 2.3")
    ms = int(total[1]) / 1e3 / runs
    return [
        Kernel(name.removeprefix(_DELEGATE), _operations(name), int(count) // runs, ms * float(share) / 100)
        for name, share, count in _ROW.findall(table[1])
    ]


def _operations(name: str) -> str:
    """What a kernel computes; LiteRT names its own after the operation."""
    if not name.startswith(_DELEGATE):
        return name
    kernel = name.removeprefix(_DELEGATE)
    return next((operations for prefix, operations in IN_THE_FILE.items() if re.match(prefix, kernel)), "-")


def _onnxruntime(artifact: Artifact, feed: dict[str, np.ndarray], threads: int, runs: int, warm_up: int) -> Profile:
    """By the operations that are left when ONNX Runtime has optimised the file."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.enable_profiling = threads, True
    with tempfile.TemporaryDirectory() as folder:
        settings.profile_file_prefix = str(Path(folder, "profile"))
        session = onnxruntime.InferenceSession(str(artifact.path), settings, providers=["CPUExecutionProvider"])

        def run() -> None:
            session.run(None, feed)

        for _ in range(warm_up):
            run()
        wall = _mean_ms(run, runs)
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    nodes = [(each["args"]["op_name"], each["dur"]) for each in events if each["name"].endswith("_kernel_time")]
    counted = nodes[len(nodes) // (warm_up + runs) * warm_up :]
    kernels = []
    for kind in dict(counted):
        times = [microseconds for name, microseconds in counted if name == kind]
        kernels.append(Kernel(kind, kind, len(times) // runs, sum(times) / 1e3 / runs))
    return Profile(artifact.label, "ONNX Runtime", sorted(kernels, key=lambda each: -each.ms), wall)


def _mean_ms(run: Callable[[], None], runs: int) -> float:
    since = time.perf_counter()
    for _ in range(runs):
        run()
    return (time.perf_counter() - since) * 1e3 / runs


PROFILERS = {"tflite": _litert, "onnx": _onnxruntime}
