"""A table of this project's .tflite files beside those of stock routes: structure, size, latency, parity, accuracy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reference.checkpoints import Checkpoint
from reference.demo.evaluate import require_demonstration
from reference.errors import UserError
from reference.manifest import Manifest
from reference.scenes import render

from ..artifact import app_processor, manifests_of_one, reference_of
from ..reporting.tables import show
from ..runtimes import NotRun
from ..runtimes.pytorch import PyTorchRuntime
from .build import ROUTES

BASELINE = "litert-torch float32"
WARM_UP = 5


@dataclass
class Contender:
    """A .tflite file in LiteRT with XNNPACK, one thread.

    feed: uint8 RGB pixels [H, W, 3] -> the input tensor. read: the output tensor -> probabilities [num_labels].
    """

    name: str
    content: bytes
    feed: Callable[[np.ndarray], np.ndarray]
    read: Callable[[np.ndarray], np.ndarray]
    milliseconds: list[float] = field(default_factory=list)
    answers: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=self.content, num_threads=1)
        self._interpreter.allocate_tensors()
        (self._input,), (self._output,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        names = [node["op_name"] for node in self._interpreter._get_ops_details()]
        self.partitions = names.count("DELEGATE")
        self.operations = len(names) - self.partitions

    def run(self, pixels: np.ndarray) -> None:
        """One inference, timed: the thread's own CPU time, which other processes do not add to."""
        tensor = _to_stored(self.feed(pixels), self._input)
        self._interpreter.set_tensor(self._input["index"], tensor)
        started = time.thread_time_ns()
        self._interpreter.invoke()
        self.milliseconds.append((time.thread_time_ns() - started) / 1e6)
        self.answers.append(
            self.read(_from_stored(self._interpreter.get_tensor(self._output["index"])[0], self._output))
        )


def print_side_by_side(artifacts: Sequence[Path], source: str | None, *, scenes: int, verbose: bool) -> int:
    """Build the peers, run all on the first `scenes` validation scenes in turn, print the table; the exit code."""
    from rich.progress import track
    from rich.table import Table

    from reference.command_line import working

    manifests = manifests_of_one(artifacts)
    first = manifests[0]
    for manifest in manifests:
        if manifest.task != "classification" or manifest.artifact.format != "tflite":
            raise UserError(f"{manifest.artifact.file} is no .tflite classifier: the peers are")
    require_demonstration(first.checkpoint.id, first.task, first.labels)
    checkpoint = reference_of(first, source)
    contenders, missing = [], []
    for name, build in ROUTES.items():
        try:
            with working(f"building {name}", verbose):
                contenders.append(_peer(name, build(checkpoint), checkpoint))
        except NotRun as reason:
            missing.append(f"NOT RUN: {name}: {reason}")
    contenders += [_own(artifact, manifest) for artifact, manifest in zip(artifacts, manifests)]
    reference = PyTorchRuntime(checkpoint)
    processor = app_processor(first.preprocessing)
    expected, truth = [], []
    for index in track(range(scenes), "validation scenes", transient=True):
        scene = render("validation", index)
        pixels = processor.resize_and_crop(scene.image)
        expected.append(reference.run(pixels))
        truth.append(scene.label)
        for contender in contenders:
            contender.run(pixels)
    table = Table(title=f"{scenes} validation scenes, one thread, in turn", title_justify="left", padding=0)
    for heading in ("file", "ops", "parts", "MB", "p50 ms", "p90 ms", "ratio", "|Δp|", "drop"):
        table.add_column(heading, justify="left" if heading == "file" else "right", overflow="fold")
    base = next((_median(each) for each in contenders if each.name == BASELINE), None)
    top = _percent(expected, truth)
    for each in contenders:
        times = each.milliseconds[WARM_UP:]
        error = np.mean([np.abs(ours - theirs).max() for ours, theirs in zip(each.answers, expected)])
        table.add_row(
            each.name,
            f"{each.operations}",
            f"{each.partitions}",
            f"{len(each.content) / 1e6:.2f}",
            f"{_median(each):.2f}",
            f"{np.percentile(times, 90):.2f}",
            f"{_median(each) / base:.2f}" if base else "-",
            f"{error:.1e}",
            f"{top - _percent(each.answers, truth):+.2f}",
        )
    show(table)
    print(f"ratio: p50 to {BASELINE}; |Δp|: of the most wrong class, mean; drop: points below {top:.2f} %")
    print(*missing, sep="\n", end="\n" if missing else "")
    return 3 if missing else 0


def _peer(name: str, content: bytes, checkpoint: Checkpoint) -> Contender:
    return Contender(name, content, lambda pixels: checkpoint.processor.network_input(pixels)[None], _softmax)


def _own(artifact: Path, manifest: Manifest) -> Contender:
    return Contender(manifest.artifact.file, artifact.read_bytes(), lambda pixels: pixels[None], lambda answer: answer)


def _to_stored(values: np.ndarray, detail: dict) -> np.ndarray:
    scale, zero_point = detail["quantization"]
    return (np.rint(values / scale) + zero_point if scale else values).astype(detail["dtype"])


def _from_stored(values: np.ndarray, detail: dict) -> np.ndarray:
    scale, zero_point = detail["quantization"]
    return (values.astype(np.float32) - zero_point) * scale if scale else values


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def _median(contender: Contender) -> float:
    return float(np.median(contender.milliseconds[WARM_UP:]))


def _percent(answers: Sequence[np.ndarray], truth: Sequence[int]) -> float:
    return 100 * float(np.mean([answer.argmax() == label for answer, label in zip(answers, truth)]))
