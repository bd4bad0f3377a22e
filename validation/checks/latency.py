"""How long loading, preprocessing and inference take, all models in turn: `python -m validation latency`.

A machine's speed drifts, with its heat and with what else runs on it. So every round runs each model once, and a ratio
is the median of the rounds' own ratios, in which the drift cancels. An .mlpackage is timed in Core ML itself only: the
kit's executor of ML Programs tells what a package means, and its time is no device's time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image

from reference.errors import UserError
from reference.manifest import Manifest, read_manifest

from ..artifact import app_processor, reference_of
from ..runtimes import DEFAULT_OPTIONS, NotRun, Options, Runtime, load, suitable_runtimes
from ..runtimes.pytorch import PyTorchRuntime, torch_threads
from .memory import peak_mib

REFERENCE = "reference"
RUNS, WARM_UP = 50, 5

T = TypeVar("T")


@dataclass(frozen=True)
class Times:
    """Milliseconds of each round, warm-up aside.

    wall: by the clock; processor: of all threads of this process, to which other processes do not add.
    """

    wall: tuple[float, ...]
    processor: tuple[float, ...]

    def percentile(self, percent: float, clock: str = "wall") -> float:
        """By "wall" or "processor", linear between ranks; 0..100."""
        return float(np.percentile(getattr(self, clock), percent))

    @property
    def spread(self) -> float:
        """The wall times' interquartile range."""
        return self.percentile(75) - self.percentile(25)

    def ratio(self, base: Times, clock: str = "wall") -> float:
        """The median of the rounds' ratios to `base`, by "wall" or "processor"."""
        return float(np.median(np.divide(getattr(self, clock), getattr(base, clock))))


@dataclass(frozen=True)
class Latency:
    """A model in a runtime with so many threads; where it did not run, only the reason.

    load_ms: wall time of loading the file again, its bytes and the runtime's library being in memory already;
    inference: of one image, from pixels to the answer; peak_mib: what loading and running once takes, see memory, with
    PyTorch's library there before, and the first number of threads only; ratio: inference against the chosen model with
    as many threads, by wall time, and processor_ratio by processor time.
    """

    model: str
    runtime: str
    threads: int
    load_ms: float | None = None
    preprocessing: Times | None = None
    inference: Times | None = None
    peak_mib: float | None = None
    ratio: float | None = None
    processor_ratio: float | None = None
    not_run: str = ""


@dataclass(frozen=True)
class Contender:
    """What takes part.

    crop: its half of the preprocessing; open: loads it; base: the place, among all, of the one its ratios are to.
    """

    model: str
    threads: int
    crop: Callable[[Image.Image], np.ndarray]
    open: Callable[[], Runtime]
    base: int


def latency(
    artifacts: Sequence[Path],
    *,
    against: str = REFERENCE,
    image: Image.Image | None = None,
    checkpoint: str | None = None,
    threads: Sequence[int] = (1,),
    runs: int = RUNS,
    warm_up: int = WARM_UP,
    options: Options = DEFAULT_OPTIONS,
    memory: bool = True,
) -> list[Latency]:
    """Time the reference and each artifact, with each number of threads.

    Args:
        artifacts: with their manifests beside them.
        against: what ratios are to: "reference", each artifact's own, or the path or file name of one of the artifacts.
        image: a picture as a camera gives it; None: the first rendered validation scene.
        checkpoint: the reference's weights, where a manifest's own id cannot be found from here.
        threads: of CPU runtimes; one entry or more.
        runs: rounds that count; warm_up: rounds before them that do not.
        options: for the compute units of Core ML.
        memory: whether to look for the peak of memory too, which takes a process for each.

    Returns:
        For each number of threads the artifacts, each checkpoint and input size's reference before its first one.

    Raises:
        UserError: where there is no such artifact, no reference for it, or nothing of the name `against`.
    """
    if image is None:
        from reference.scenes import render

        image = render("validation", 0).image
    names = [Path(artifact).name for artifact in artifacts]
    if against != REFERENCE and Path(against).name not in names:
        raise UserError(f"{against} is not among the artifacts: give it too, or choose {REFERENCE}")
    manifests = [read_manifest(Path(artifact)) for artifact in artifacts]
    contenders: list[Contender] = []
    for count in threads:
        first, references = len(contenders), {}
        for artifact, manifest in zip(artifacts, manifests):
            key = (manifest.checkpoint, manifest.task, manifest.preprocessing, manifest.answer.meaning)
            if key not in references:
                references[key] = len(contenders)
                contenders.append(_reference(manifest, checkpoint, count, len(contenders)))
            runtime = suitable_runtimes(manifest.artifact.format)[0]  # for an .mlpackage Core ML, never the executor
            opener = partial(load, Path(artifact), manifest, runtime, replace(options, threads=count))
            crop = app_processor(manifest.preprocessing).resize_and_crop
            contenders.append(Contender(Path(artifact).name, count, crop, opener, references[key]))
        if against != REFERENCE:
            base = next(i for i in range(first, len(contenders)) if contenders[i].model == Path(against).name)
            contenders[first:] = [replace(each, base=base) for each in contenders[first:]]
    with torch_threads(1):  # the reference sets its own
        return race(contenders, image, runs=runs, warm_up=warm_up, memory=memory)


def race(
    contenders: Sequence[Contender], image: Image.Image, *, runs: int, warm_up: int, memory: bool = True
) -> list[Latency]:
    """Load all, then run them in turn, round by round."""
    results, loaded = [], {}
    for place, each in enumerate(contenders):
        try:
            each.open()  # imports the library, and brings the file into memory
            runtime, (load_ms, _) = _timed(each.open)
        except NotRun as reason:
            results.append(Latency(each.model, "-", each.threads, not_run=str(reason)))
            continue
        loaded[place] = runtime
        peak = None
        if memory and each.threads == contenders[0].threads:  # it hardly depends on them, and takes a process each
            peak = peak_mib(partial(_load_and_run, each.open, each.crop(image)))
        results.append(Latency(each.model, runtime.name, each.threads, load_ms, peak_mib=peak))
    rounds: dict[int, list[tuple[tuple[float, float], ...]]] = {place: [] for place in loaded}
    for turn in range(warm_up + runs):
        for place, runtime in loaded.items():
            pixels, cropping = _timed(partial(contenders[place].crop, image))
            _, running = _timed(partial(runtime.run, pixels))
            if turn >= warm_up:
                rounds[place].append((cropping, running))
    inference = {}
    for place, times in rounds.items():
        crops, inference[place] = (Times(*zip(*step)) for step in zip(*times))
        results[place] = replace(results[place], preprocessing=crops, inference=inference[place])
    for place, mine in inference.items():
        base = inference.get(contenders[place].base)
        if base is not None:
            ratio, by_processor = mine.ratio(base), mine.ratio(base, "processor")
            results[place] = replace(results[place], ratio=ratio, processor_ratio=by_processor)
    return results


class _Reference(PyTorchRuntime):
    """The reference with a number of threads of its own; torch has one for all."""

    threads = 1

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        torch.set_num_threads(self.threads)
        return super().run(pixels)


def _reference(manifest: Manifest, source: str | None, threads: int, place: int) -> Contender:
    opener = partial(_open_reference, manifest, source, threads)
    crop = opener().checkpoint.processor.resize_and_crop
    return Contender(f"checkpoint {manifest.checkpoint.id}, {manifest.size}", threads, crop, opener, place)


def _open_reference(manifest: Manifest, source: str | None, threads: int) -> _Reference:
    checkpoint = reference_of(manifest, source)
    runtime = _Reference(checkpoint, manifest.answer.meaning)
    runtime.threads = threads
    return runtime


def _load_and_run(open: Callable[[], Runtime], pixels: np.ndarray) -> None:
    open().run(pixels)


def _timed(work: Callable[[], T]) -> tuple[T, tuple[float, float]]:
    """What `work` returns, and milliseconds by the clock and of this process's processor time."""
    wall, processor = time.perf_counter_ns(), time.process_time_ns()
    result = work()
    return result, ((time.perf_counter_ns() - wall) / 1e6, (time.process_time_ns() - processor) / 1e6)
