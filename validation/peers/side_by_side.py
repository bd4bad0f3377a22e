"""A table of this project's .tflite files beside those of stock routes: structure, size, latency, parity, accuracy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track
from rich.table import Table

from reference.checkpoints import Checkpoint
from reference.command_line import working
from reference.demo.evaluate import require_demonstration
from reference.errors import UserError
from reference.scenes import render
from reference.threads import torch_threads

from ..artifact import Artifact, File, Given, References, Source, app_processor, open_of_one_checkpoint, references_from
from ..checks.latency import RUNS, WARM_UP, Contender, Latency, race
from ..checks.structure import Structure, structure
from ..reporting.tables import show
from ..results import NOT_RUN_BUT_REQUIRED, PASSED
from ..runtimes import NotRun, load_fitting, load_here
from ..runtimes.pytorch import PyTorchRuntime
from .build import ROUTES
from .runtime import StockRuntime

BASELINE = "litert-torch float32"
HEADINGS = ("file", "ops", "parts", "MB", "p50 ms", "p90 ms", "ratio", "|Δp|", "drop")
NOWHERE = -1  # the place of a baseline that could not be built


def print_side_by_side(artifacts: Sequence[Given], source: Source, *, scenes: int, verbose: bool) -> int:
    """Build the peers, race all, show all the first `scenes` validation scenes, print the table; the exit code."""
    given, references = open_of_one_checkpoint(artifacts), references_from(source)
    for each in given:
        if each.manifest.task != "classification" or each.manifest.artifact.format != "tflite":
            raise UserError(f"{each.label} is no .tflite classifier: the peers are")
        if each.manifest.input.batch > 1:
            raise UserError(f"{each.label} takes {each.manifest.input.batch} images at once: the peers take one")
    first = given[0].manifest
    require_demonstration(first.checkpoint.id, first.task, first.labels)
    checkpoint = references.of(given[0])
    with _stock_files(checkpoint, verbose) as (stock, missing):
        base = next((place for place, each in enumerate(stock) if each.label == BASELINE), NOWHERE)
        contenders = [_stock(each, checkpoint, base) for each in stock] + [_own(each, base) for each in given]
        with working("timing", verbose), torch_threads(1):
            image = render("validation", 0).image
            times = race(contenders, image, runs=RUNS, warm_up=WARM_UP, loading=False)
            structures = structure([*stock, *given])
        with torch_threads(1):
            expected, answers, truth = _answers(contenders, given[0], references, scenes)
    table = Table(
        title=f"{scenes} validation scenes; {RUNS} rounds in turn, one thread", title_justify="left", padding=0
    )
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "file" else "right", overflow="fold")
    top = _percent(expected, truth)
    for found, timed, answered in zip(structures, times, answers.swapaxes(0, 1)):
        error = np.abs(answered - expected).max(axis=1).mean()
        table.add_row(*_row(found, timed), f"{error:.1e}", f"{top - _percent(answered, truth):+.2f}")
    show(table)
    print(f"ms: processor time; ratio: median of the rounds' own, to {BASELINE};")
    print(f"|Δp|: of the most wrong class, mean; drop: points below {top:.2f} %")
    show(*missing)
    return NOT_RUN_BUT_REQUIRED if missing else PASSED


@contextmanager
def _stock_files(checkpoint: Checkpoint, verbose: bool) -> Iterator[tuple[list[File], list[str]]]:
    """The files of all routes, meanwhile, and what could not be built, in words."""
    built: list[File] = []
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, build in ROUTES.items():
            try:
                with working(f"building {name}", verbose):
                    content = build(checkpoint)
            except NotRun as reason:
                missing.append(f"NOT RUN: {name}: {reason}")
                continue
            path = Path(folder, f"{len(built)}.tflite")
            path.write_bytes(content)
            built.append(File(path, name))
        yield built, missing


def _stock(file: File, checkpoint: Checkpoint, base: int) -> Contender:
    """What its app must do before is no part of the file's time: the network's input, in floats and its own layout."""

    def crop(image: Image.Image) -> np.ndarray:
        return checkpoint.processor.network_input(checkpoint.processor.resize_and_crop(image))

    loader = partial(StockRuntime, file.path)
    return Contender(file.label, 1, crop, loader, base, loader())


def _own(artifact: Artifact, base: int) -> Contender:
    crop = app_processor(artifact.manifest).resize_and_crop
    load_fitting(artifact, "litert")  # apart, where it does no harm
    loader = partial(load_here, artifact, "litert")
    return Contender(artifact.label, 1, crop, loader, base, loader())


def _answers(
    contenders: Sequence[Contender], artifact: Artifact, references: References, scenes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of the reference [scenes, classes] and of all [scenes, contenders, classes], and the truth."""
    reference = PyTorchRuntime(references.of(artifact))
    crop = app_processor(artifact.manifest).resize_and_crop
    expected, answers, truth = [], [], []
    for index in track(range(scenes), "validation scenes", transient=True):
        scene = render("validation", index)
        expected.append(reference.run(crop(scene.image)))
        answers.append([each.loaded.run(each.crop(scene.image)) for each in contenders if each.loaded is not None])
        truth.append(scene.label)
    return np.array(expected), np.array(answers), np.array(truth)


def _row(found: Structure, timed: Latency) -> list[str]:
    """Up to the ratio."""
    assert timed.inference is not None, "all are loaded"
    return [
        found.artifact,
        f"{sum(found.operations.values())}",
        f"{found.partitions[0].count}",
        f"{found.bytes / 1e6:.2f}",
        *(f"{timed.inference.percentile(percent, 'processor'):.2f}" for percent in (50, 90)),
        "-" if timed.processor_ratio is None else f"{timed.processor_ratio:.2f}",
    ]


def _percent(answers: np.ndarray, truth: np.ndarray) -> float:
    """Top-1 of probabilities [scenes, classes]."""
    return 100 * float((answers.argmax(axis=1) == truth).mean())
