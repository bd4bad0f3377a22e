"""What is timed: artifacts and the reference, loaded in this process."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import numpy as np
import torch

from ..artifact import Artifact, References
from ..runtimes import (
    Failed,
    NotRun,
    Options,
    Runtime,
    each_apart,
    kind,
    load_fitting,
    load_here,
    suitable_runtimes,
)
from ..runtimes.pytorch import PyTorchRuntime


def failing_ones(artifacts: Sequence[Artifact], options: Options) -> dict[str, str]:
    """Why artifacts fail, by label. They run apart once: to be timed they run in this process, which they could end."""
    reasons = {}
    for artifact, process in each_apart(artifacts):
        try:
            load_fitting(artifact, _timed_in(artifact), options, process)
        except NotRun:  # as it will say again
            pass
        except Failed as error:
            reasons[artifact.label] = str(error)
    return reasons


def load_to_time(artifact: Artifact, options: Options, failing: str | None) -> Runtime:
    """As latency loads it; failing: why it fails, which is known. NotRun, Failed: see load."""
    runtime = _timed_in(artifact)
    if failing is not None:
        raise Failed(failing, artifact.label)
    return load_here(artifact, runtime, options)


def _timed_in(artifact: Artifact) -> str:
    """The preferred runtime alone: an .mlpackage's is Core ML, never the executor. NotRun where there is none."""
    format = artifact.manifest.artifact.format
    runtime = next(iter(suitable_runtimes(format)), None)
    if runtime is None:
        raise NotRun(f"there is no runtime for .{format}")
    if kind(runtime).timed_on not in ("", platform.system()):
        raise NotRun(f"what {runtime} takes on this system is no device's time: time it on macOS")
    return runtime


class _Reference(PyTorchRuntime):
    """The reference with a number of threads of its own; torch has one for all."""

    threads = 1

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime."""
        torch.set_num_threads(self.threads)
        return super().run_batch(images)


def load_reference(artifact: Artifact, source: str | None, revision: str | None, threads: int) -> _Reference:
    """Afresh; and in another process."""
    return with_threads(artifact, References(source, revision), threads)


def with_threads(artifact: Artifact, references: References, threads: int) -> _Reference:
    """An artifact's reference, with so many threads."""
    runtime = _Reference(references.of(artifact), artifact.manifest.answer.meaning)
    runtime.threads = threads
    return runtime
