"""How long loading, preprocessing and inference take, all models in turn: `python -m validation latency`.

A machine's speed drifts, with its heat and with what else runs on it. So every round runs each model once, and a ratio
is the median of the rounds' own ratios, in which the drift cancels. An .mlpackage is timed in Core ML itself only: the
kit's executor of ML Programs tells what a package means, and its time is no device's time. Nor is Core AI's off
macOS, so that an .aimodel is not timed there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from PIL import Image

from reference.errors import UserError
from reference.threads import torch_threads

from ..artifact import Artifact, Given, References, Source, app_processor, open_artifacts, references_from
from ..runtimes import DEFAULT_OPTIONS, Failed, NotRun, Options, Runtime
from .memory import peak_mib
from .timed import failing_ones, load_reference, load_to_time, with_threads

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
    """A model in a runtime with so many threads; where it did not run or failed, only the reason.

    batch: how many images it takes at once; load_ms: wall time of loading the file again, its bytes and the runtime's
    library being in memory already; preprocessing: of one image; inference: of a whole batch, from pixels to the
    answers; peak_mib: what loading and running once takes, see memory, with PyTorch's library there before, and the
    first number of threads only; ratio: inference of one image, a batch's share, against the chosen model's with as
    many threads, by wall time, and processor_ratio by processor time.
    """

    model: str
    runtime: str
    threads: int
    batch: int = 1
    load_ms: float | None = None
    preprocessing: Times | None = None
    inference: Times | None = None
    peak_mib: float | None = None
    ratio: float | None = None
    processor_ratio: float | None = None
    not_run: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Contender:
    """What takes part.

    crop: its half of the preprocessing; load: loads it; base: the place, among all, of the one its ratios are to;
    loaded: what runs, where it is loaded already, and `load` only serves to be timed.
    """

    model: str
    threads: int
    crop: Callable[[Image.Image], np.ndarray]
    load: Callable[[], Runtime]
    base: int
    loaded: Runtime | None = None


def latency(
    artifacts: Sequence[Given],
    *,
    against: str = REFERENCE,
    image: Image.Image | None = None,
    checkpoint: Source = None,
    threads: Sequence[int] = (1,),
    runs: int = RUNS,
    warm_up: int = WARM_UP,
    options: Options = DEFAULT_OPTIONS,
    loading: bool = True,
) -> list[Latency]:
    """Time the reference and each artifact, with each number of threads.

    Args:
        artifacts: paths, with their manifests beside them, or what is opened already.
        against: what ratios are to: "reference", each artifact's own, or the path, label or file name of an artifact.
        image: a picture as a camera gives it; None: the first rendered validation scene.
        checkpoint: the reference's weights, where a manifest's own id cannot be found from here.
        threads: of CPU runtimes; one entry or more.
        runs: rounds that count; warm_up: rounds before them that do not.
        options: for the compute units of Core ML.
        loading: whether to look at loading too: all are loaded once more for it, and again in a process of their own.

    Returns:
        For each number of threads the artifacts, each checkpoint and input size's reference before its first one.

    Raises:
        UserError: where there is no such artifact, no reference for it, or nothing of the name `against`.
    """
    if image is None:
        from reference.scenes import render

        image = render("validation", 0).image
    given, references = open_artifacts(artifacts), references_from(checkpoint)
    reasons = failing_ones(given, options)
    base = None if against == REFERENCE else given.index(_named(against, given))
    contenders: list[Contender] = []
    for count in threads:
        first, places, known = len(contenders), [], {}
        for artifact in given:
            manifest = artifact.manifest
            key = (manifest.checkpoint, manifest.task, manifest.preprocessing, manifest.answer.meaning)
            if key not in known:
                known[key] = len(contenders)
                contenders.append(_reference(artifact, references, count, len(contenders)))
            loader = partial(load_to_time, artifact, replace(options, threads=count), reasons.get(artifact.label))
            crop = app_processor(manifest).resize_and_crop
            places.append(len(contenders))
            contenders.append(Contender(artifact.label, count, crop, loader, known[key]))
        if base is not None:
            contenders[first:] = [replace(each, base=places[base]) for each in contenders[first:]]
    with torch_threads(1):  # the reference sets its own
        return race(contenders, image, runs=runs, warm_up=warm_up, loading=loading)


def _named(against: str, artifacts: Sequence[Artifact]) -> Artifact:
    """By path, label or file name, in this order."""
    path = os.path.abspath(against)
    for matches in (
        [each for each in artifacts if os.path.abspath(each.path) == path],
        [each for each in artifacts if each.label == against],
        [each for each in artifacts if each.path.name == against],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UserError(f"{against} may be {' or '.join(each.label for each in matches)}: say which")
    raise UserError(f"{against} is not among the artifacts: give it too, or choose {REFERENCE}")


def race(
    contenders: Sequence[Contender], image: Image.Image, *, runs: int, warm_up: int, loading: bool = True
) -> list[Latency]:
    """Load all, then run them in turn, round by round, each with as many images as it takes at once."""
    results, loaded = [], {}
    for place, each in enumerate(contenders):
        try:
            runtime = each.loaded or each.load()  # imports the library, and brings the file into memory
        except NotRun as reason:
            results.append(Latency(each.model, "-", each.threads, not_run=str(reason)))
            continue
        except Failed as reason:
            results.append(Latency(each.model, "-", each.threads, failed=str(reason)))
            continue
        loaded[place] = runtime
        load_ms = peak = None
        if loading:
            _, (load_ms, _) = _timed(each.load)
            if each.threads == contenders[0].threads:  # memory hardly depends on them
                peak = peak_mib(partial(_load_and_run, each.load, each.crop(image)))
        results.append(Latency(each.model, runtime.name, each.threads, runtime.batch, load_ms, peak_mib=peak))
    rounds: dict[int, list[tuple[tuple[float, float], ...]]] = {place: [] for place in loaded}
    for turn in range(warm_up + runs):
        for place, runtime in loaded.items():
            pixels, cropping = _timed(partial(contenders[place].crop, image))
            _, running = _timed(partial(runtime.answers, [pixels] * runtime.batch))
            if turn >= warm_up:
                rounds[place].append((cropping, running))
    inference = {}
    for place, times in rounds.items():
        crops, inference[place] = (Times(*zip(*step)) for step in zip(*times))
        results[place] = replace(results[place], preprocessing=crops, inference=inference[place])
    for place, mine in inference.items():
        base = inference.get(contenders[place].base)
        if base is not None:
            images = results[place].batch / results[contenders[place].base].batch
            ratio, by_processor = mine.ratio(base) / images, mine.ratio(base, "processor") / images
            results[place] = replace(results[place], ratio=ratio, processor_ratio=by_processor)
    return results


def _reference(artifact: Artifact, references: References, threads: int, place: int) -> Contender:
    loader = partial(load_reference, artifact, references.source, references.revision, threads)
    crop = references.of(artifact).processor.resize_and_crop
    name = f"checkpoint {artifact.manifest.checkpoint.id}, {artifact.manifest.size}"
    return Contender(name, threads, crop, loader, place, with_threads(artifact, references, threads))


def _load_and_run(load: Callable[[], Runtime], pixels: np.ndarray) -> None:
    load().run(pixels)


def _timed(work: Callable[[], T]) -> tuple[T, tuple[float, float]]:
    """What `work` returns, and milliseconds by the clock and of this process's processor time."""
    wall, processor = time.perf_counter_ns(), time.process_time_ns()
    result = work()
    return result, ((time.perf_counter_ns() - wall) / 1e6, (time.process_time_ns() - processor) / 1e6)
