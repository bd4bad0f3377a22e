"""Images through the reference and artifacts, in batches, in as many processes as there are - here or on a cluster.

A batch here is a piece of the work, of one artifact's own batch or several of them.

What a batch gives is plain numbers, so that it can be written down and read again: a run that was interrupted goes on
where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from reference.class_maps import class_maps
from reference.processes import processes
from reference.tensor_specs import Meaning

from ...artifact import Artifact, References, app_processor, class_names
from ...datasets import Dataset, Sample
from ...labels_csv import Truth
from ...runtimes import NotRun, Options, Runtime, load_fitting
from ...runtimes.pytorch import PyTorchRuntime
from ..metrics import sigmoid, softmax

BATCH = 25  # images at least
OF_LOGITS: dict[Meaning, Callable[[np.ndarray], np.ndarray]] = {"probabilities": softmax, "scores": sigmoid}
# Of each model, of each image: numbers; see Models.outcomes.
Numbers = list[list[Any]]


@dataclass(frozen=True)
class Job:
    """What every process must know.

    source, revision: where the reference's weights are, see References; meaning: of the reference's answers.
    """

    artifacts: tuple[Artifact, ...]
    source: str | None
    revision: str | None
    dataset: Dataset
    options: Options
    meaning: Meaning

    @property
    def batches(self) -> list[range]:
        """Indices of the data set."""
        count, size = len(self.dataset), self.size
        return [range(start, min(start + size, count)) for start in range(0, count, size)]

    @property
    def size(self) -> int:
        """Of a batch: no artifact that takes several images at once is to be fed half of them over and over."""
        largest = max(each.manifest.input.batch for each in self.artifacts)
        return math.ceil(BATCH / largest) * largest

    def key(self, runtimes: Sequence[str]) -> str:
        """Differs where results would; `runtimes`: what runs each artifact."""
        manifests = [each.manifest.model_dump_json() for each in self.artifacts]
        facts = [manifests, list(runtimes), asdict(self.options), self.dataset.identity, self.size, self.meaning]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


class Models:
    """The reference and the artifacts of a job, loaded."""

    def __init__(self, job: Job, references: References, runtimes: Sequence[Runtime]) -> None:
        first = job.artifacts[0]
        self._runtimes = [PyTorchRuntime(references.of(first)), *runtimes]
        self._processor = app_processor(first.manifest)
        self._classes = len(class_names(first.manifest))
        self._meanings = [None, *(each.manifest.answer.meaning for each in job.artifacts)]
        self._job = job

    def count(self, number: int) -> tuple[int, Numbers]:
        """One batch: its number, and of each model what became of each image."""
        samples = [self._job.dataset[index] for index in self._job.batches[number]]
        pixels = [self._processor.resize_and_crop(each.image) for each in samples]
        answers = [runtime.answers(pixels) for runtime in self._runtimes]
        outcomes = [self._outcomes(sample, of_image) for sample, *of_image in zip(samples, *answers)]
        return number, [list(of_model) for of_model in zip(*outcomes)]

    def _outcomes(self, sample: Sample, answers: Sequence[np.ndarray]) -> list[Any]:
        """Of each model's answer: of a classifier the truth, the answer, the truth's rank and its probability; of
        independent labels and of values those that are true, then the answer's; of a segmenter how many pixels of each
        class got which, flat."""
        if not isinstance(sample.truth, Image.Image):
            of_logits = OF_LOGITS.get(self._job.meaning)
            read = (
                of_logits(answer) if of_logits and meaning == "logits" else answer
                for answer, meaning in zip(answers, self._meanings)
            )
            return [of_answer(self._job.meaning, answer, sample.truth) for answer in read]
        truth = self._processor(sample.image, sample.truth)["labels"][0]
        return [_segmented(answer, truth, self._classes) for answer in answers]


def runtimes_of(job: Job) -> list[Runtime]:
    """Each artifact in the first runtime that is here; NotRun where there is none."""
    runtimes = []
    for artifact in job.artifacts:
        try:
            runtimes.append(load_fitting(artifact, options=job.options))
        except NotRun as reason:
            raise NotRun(f"{artifact.label}: {reason}") from reason
    return runtimes


def count_all(
    job: Job, numbers: Sequence[int], here: Callable[[], Models], *, jobs: int, scheduler: str | None
) -> Iterator[tuple[int, Numbers]]:
    """Batches by their numbers, with what became of their images, in the order they are done.

    Args:
        here: the models of this process, which are asked for where it counts alone.
        jobs: processes on this machine, 1 for this one alone, where there is no `scheduler`.
        scheduler: the address of a Dask cluster, whose workers have this project and find the files at the same paths.
    """
    if not numbers:
        return
    if scheduler is not None:
        from .cluster import on_cluster

        yield from on_cluster(scheduler, partial(count, job), numbers)
    elif jobs == 1:
        yield from map(here().count, numbers)
    else:
        yield from _in_processes(job, numbers, jobs)


def _in_processes(job: Job, numbers: Sequence[int], jobs: int) -> Iterator[tuple[int, Numbers]]:
    with processes(min(jobs, len(numbers)), torch.set_num_threads, 1) as pool:
        for each in as_completed([pool.submit(count, job, number) for number in numbers]):
            yield each.result()


def count(job: Job, number: int) -> tuple[int, Numbers]:
    """One batch in a process of a pool or a cluster; see Models.count."""
    return _models(job).count(number)


@lru_cache(maxsize=1)  # a worker's one memory of what it has loaded
def _models(job: Job) -> Models:
    return Models(job, References(job.source, job.revision), runtimes_of(job))


def of_answer(meaning: Meaning, answer: np.ndarray, truth: Truth) -> list[float]:
    """Of one image in one model; see Models._outcomes."""
    if isinstance(truth, int):
        return _classified(answer, truth)
    if meaning == "values":
        return [*truth, *map(float, answer)]
    true = np.isin(np.arange(len(answer)), truth)
    # What is no number is as wrong as can be.
    return [*map(float, true), *map(float, np.where(np.isfinite(answer), answer, ~true))]


def _classified(probabilities: np.ndarray, truth: int) -> list[float]:
    """Ties go to the lower index, as argmax has it; NaN is never right."""
    own = probabilities[truth]
    better = (probabilities > own).sum() + (probabilities[:truth] == own).sum()
    rank = int(better) if np.isfinite(probabilities).all() else len(probabilities)
    return [truth, int(probabilities.argmax()), rank, float(own) if np.isfinite(own) else 0.0]


def _segmented(answer: np.ndarray, truth: np.ndarray, classes: int) -> list[int]:
    """Pixels whose truth is no class, such as 255, do not count."""
    labelled = truth < classes
    pairs = truth[labelled] * classes + _class_map(answer, (truth.shape[0], truth.shape[1]))[labelled]
    return np.bincount(pairs, minlength=classes**2).tolist()


def _class_map(answer: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The class of each pixel; logits [C, h, w] are resized as the reference does it."""
    if answer.ndim == 2:
        return answer.astype(np.int64)
    return class_maps(np.ascontiguousarray(answer, np.float32)[None], [size], False)[0].numpy()
