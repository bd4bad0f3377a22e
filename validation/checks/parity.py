"""The same pictures through the reference and through artifacts, compared by number: `python -m validation parity`.

The reference takes a picture its own way, the artifact the way its manifest tells apps to: a manifest that lies about
the preprocessing shows in the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from reference.checkpoints import Checkpoint
from reference.confined import Confined, Misbehaved
from reference.errors import UserError
from reference.golden import GoldenSet, read_golden
from reference.tensor_specs import Meaning
from reference.threads import torch_threads
from reference.tolerances import Tolerance, numbers_of, tolerance

from ..artifact import Artifact, Broken, File, Given, References, Source, app_processor, opened, references_from
from ..graphs import stored
from ..results import Check, Verdict
from ..runtimes import DEFAULT_OPTIONS, LooksInside, NotRun, Options, kind, load, suitable_runtimes
from ..runtimes.apart import each_apart, reading_seconds
from ..runtimes.pytorch import PyTorchRuntime
from .claims import lies, untrue_claims, wrong_golden
from .diagnosis import diagnose, where
from .localize import align
from .metrics import METRICS, compare
from .mistakes import right_values
from .pictures import pictures_of, scenes
from .weights import foreign_weights

NOWHERE = "-"  # what stands for the runtime where there was none to try


@dataclass(frozen=True)
class Parity:
    """An artifact in one runtime beside the reference.

    artifact: a File alone where its manifest is broken; checks: metrics with their bounds, and what else was looked at;
    diagnosis: what explains a failure, in words; expected, answers: the reference's and the artifact's, [images, ...],
    empty where nothing ran.
    """

    artifact: File
    runtime: str
    checks: list[Check]
    diagnosis: list[str] = field(default_factory=list)
    expected: np.ndarray = field(default_factory=lambda: np.empty(0))
    answers: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def label(self) -> str:
        """The artifact's."""
        return self.artifact.label

    @property
    def ran(self) -> Artifact | None:
        """The artifact, where there are answers of it."""
        return self.artifact if len(self.answers) and isinstance(self.artifact, Artifact) else None


def parity(
    artifacts: Sequence[Given],
    *,
    images: Sequence[Image.Image] | None = None,
    golden: Path | str | None = None,
    checkpoint: Source = None,
    runtimes: Sequence[str] = (),
    options: Options = DEFAULT_OPTIONS,
) -> list[Parity]:
    """Compare each artifact, in each runtime for its format, with the reference.

    Args:
        artifacts: paths, with their manifests beside them, or what is opened already.
        images: pictures as a camera gives them, at least one; None: `scenes`.
        golden: a golden set, whose pictures and stored answers stand for the images and the reference; what only the
            checkpoint can tell, whether the manifest lies and what explains a failure, is then not looked at.
        checkpoint: the reference's weights, where a manifest's own id cannot be found from here.
        runtimes: keys of RUNTIMES to use; none: all that take an artifact's format and are not on request only.

    Raises:
        UserError: where there is no such artifact, or no reference for it. A broken artifact is a failed check.
    """
    stored = None if golden is None else read_golden(Path(golden))
    if stored is not None:
        images = pictures_of(stored)
    elif images is None:
        images = scenes()
    if not images:
        raise UserError("there are no pictures to compare on: give one or more")
    with torch_threads(options.threads):
        return _parity(opened(artifacts), images, stored, references_from(checkpoint), runtimes, options)


def _parity(
    artifacts: Sequence[Artifact | Broken],
    images: Sequence[Image.Image],
    golden: GoldenSet | None,
    references: References,
    runtimes: Sequence[str],
    options: Options,
) -> list[Parity]:
    known: dict[tuple[object, ...], _Expected] = {}
    results = []
    for artifact, process in each_apart(artifacts):
        if isinstance(artifact, Broken):
            results.append(Parity(artifact, NOWHERE, [_failed(artifact.label, NOWHERE, "manifest", artifact.reason)]))
            continue
        manifest, spec = artifact.manifest, artifact.manifest.answer
        key = (manifest.checkpoint, manifest.task, manifest.preprocessing, spec.meaning, spec.layout)
        if key not in known:
            known[key] = _asked(artifact, references, images) if golden is None else _stored(artifact, golden)
        format = manifest.artifact.format
        chosen = [name for name in runtimes if kind(name).format == format] if runtimes else suitable_runtimes(format)
        asked = known[key].runtime
        read = _read(artifact, golden, None if asked is None else asked.checkpoint, process)
        for runtime in chosen:
            results.append(_compare(artifact, known[key], images, runtime, options, read, process))
        if not chosen and not runtimes:
            missing = _check(artifact.label, NOWHERE, "run", "NOT RUN", f"there is no runtime for .{format}")
            results.append(Parity(artifact, NOWHERE, [missing]))
    return results


@dataclass(frozen=True)
class _Expected:
    """The reference's answers to all images, and the reference, None where only its answers are at hand."""

    answers: np.ndarray
    runtime: PyTorchRuntime | None


def _asked(artifact: Artifact, references: References, images: Sequence[Image.Image]) -> _Expected:
    checkpoint = references.of(artifact)
    runtime = PyTorchRuntime(checkpoint, artifact.manifest.answer.meaning)
    return _Expected(np.stack([runtime.answer(right_values(checkpoint, image)) for image in images]), runtime)


def _stored(artifact: Artifact, golden: GoldenSet) -> _Expected:
    spec = artifact.manifest.answer
    if golden.meaning != spec.meaning:
        raise UserError(f"the golden set holds {golden.meaning}, {artifact.label} answers with {spec.meaning}")
    answers = golden.answers()
    return _Expected(np.moveaxis(answers, -1, 1) if spec.layout == "NHWC" else answers, None)


def _read(
    artifact: Artifact, golden: GoldenSet | None, checkpoint: Checkpoint | None, process: Confined
) -> list[tuple[str, Verdict, str]]:
    """What the files show before anything runs, as check, verdict and reason."""
    seconds = reading_seconds(artifact.path)
    try:
        wrong = process.call(untrue_claims, artifact, seconds=seconds)
    except UserError as error:
        wrong = [f"what reads the file {error}"]
    wrong += [] if checkpoint is None else lies(artifact.manifest, checkpoint)
    found: list[tuple[str, Verdict, str]] = [("manifest", "FAIL", each) for each in wrong]
    found += [] if golden is None else [("golden", "FAIL", each) for each in wrong_golden(golden, artifact)]
    if checkpoint is None:
        return found
    try:
        held = process.call(stored, artifact.path, seconds=seconds)
        found += [("weights", "FAIL", each) for each in foreign_weights(artifact.manifest, held, checkpoint)]
    except Misbehaved as error:
        found.append(("weights", "FAIL", f"what reads them {error}"))
    except UserError as error:
        found.append(("weights", "NOT RUN", str(error)))
    return found


def _compare(
    artifact: Artifact,
    reference: _Expected,
    images: Sequence[Image.Image],
    runtime: str,
    options: Options,
    read: Sequence[tuple[str, Verdict, str]],
    process: Confined,
) -> Parity:
    name, manifest = artifact.label, artifact.manifest
    asked = reference.runtime
    checks = [_check(name, runtime, *each) for each in read]
    processor = app_processor(manifest)
    try:
        loaded = load(artifact, runtime, options, process)
        answers = loaded.answers([processor.resize_and_crop(image) for image in images])
        bounds = tolerance(manifest.artifact, manifest.answer.meaning, reference.answers)
        checks += judge(name, runtime, manifest.answer.meaning, reference.answers, answers, bounds)
    except NotRun as reason:
        return Parity(artifact, runtime, [*checks, _check(name, runtime, "run", "NOT RUN", str(reason))])
    except Exception as error:  # whatever answers of a broken file lead to: the artifact fails, the others go on
        return Parity(artifact, runtime, [*checks, _failed(name, runtime, "run", _said(error))])
    diagnosis = []
    if asked is not None and any(check.verdict == "FAIL" for check in checks if check.check in METRICS):
        diagnosis = diagnose(answers, reference.answers, manifest.answer.meaning, manifest.artifact, asked, images)
        if not diagnosis and isinstance(loaded, LooksInside):
            with suppress(UserError):  # which says nothing of the answers
                layers = loaded.convolutions(processor.resize_and_crop(images[0]))
                located = align(asked.checkpoint, right_values(asked.checkpoint, images[0]), layers)
                diagnosis = where(located, numbers_of(manifest.artifact).layer_db)
    return Parity(artifact, runtime, checks, diagnosis, reference.answers, answers)


def judge(
    artifact: str, runtime: str, meaning: Meaning, expected: np.ndarray, answers: np.ndarray, bounds: Tolerance
) -> list[Check]:
    """A check for each metric; arrays [images, ...] of one shape."""
    checks = []
    for metric, value in compare(meaning, expected, answers).items():
        bound = bounds.bounds.get(metric)
        passed = METRICS[metric].passes(value, bound) if bound is not None else bool(np.isfinite(value))
        checks.append(
            Check(
                artifact=artifact,
                runtime=runtime,
                check=metric,
                verdict="PASS" if passed else "FAIL",
                value=value if np.isfinite(value) else None,
                bound=bound,
                reason=bounds.reason if np.isfinite(value) else "not a finite number",
            )
        )
    return checks


def _said(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _check(artifact: str, runtime: str, check: str, verdict: Verdict, reason: str) -> Check:
    return Check(artifact=artifact, runtime=runtime, check=check, verdict=verdict, reason=reason)


def _failed(artifact: str, runtime: str, check: str, reason: str) -> Check:
    return _check(artifact, runtime, check, "FAIL", reason)
