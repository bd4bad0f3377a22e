"""A run held against an earlier one: `python -m validation drift`.

Only the change counts here, not whether it was good before: `python -m validation parity` judges that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from reference.errors import UserError

from ..artifact import Given, Source, open_of_one_checkpoint
from ..checks.accuracy.outcomes import Outcome
from ..checks.metrics import METRICS
from ..checks.parity import Parity
from ..results import Check, Judged
from ..runtimes import DEFAULT_OPTIONS, Options
from .allowances import Sample, allowance
from .file import Baseline, Figures, bundled, read_baseline
from .run import Run, measure

FILE = "file"  # what stands for the runtime where nothing ran
# What depends on the machine, and not on the images.
OF_MACHINE = ("latency_ratio", "load_ms", "preprocessing_ms", "inference_ms", "inference_p90_ms", "peak_mib")


@dataclass(frozen=True)
class Drift(Judged):
    """An artifact in one runtime, or its file alone, or the reference, beside the baseline.

    checks: figures with the worst values that pass; diagnosis: what is better, and what may explain what is worse.
    """


def drift(
    artifacts: Sequence[Given],
    *,
    baseline: Path | str | None = None,
    data: str = "demo",
    images: int | None = None,
    checkpoint: Source = None,
    jobs: int = 1,
    options: Options = DEFAULT_OPTIONS,
) -> list[Drift]:
    """Measure artifacts and compare with a baseline.

    Args:
        artifacts: of one checkpoint: paths, with their manifests beside them, or what is opened already.
        baseline: a file that `--update-baseline` wrote; None: the kit's own for the demo checkpoint.
        data, images, checkpoint, jobs, options: see accuracy; images None: as many as the baseline's.

    Raises:
        UserError: for artifacts of different checkpoints, a baseline of another one, or data that does not fit.
    """
    given = open_of_one_checkpoint(artifacts)
    before = read_baseline(Path(baseline) if baseline is not None else bundled(given[0].manifest))
    run = measure(given, data=data, images=images or before.images, checkpoint=checkpoint, jobs=jobs, options=options)
    return compare(before, run)


def compare(before: Baseline, run: Run) -> list[Drift]:
    """The run's figures beside the baseline's: the reference, then of each artifact its file and its runtimes.

    An artifact is looked for by its label, then by its file name: two builds of one file are held against the one that
    the baseline knows.

    Raises:
        UserError: for a baseline of another checkpoint or input size.
    """
    now = run.facts
    if (before.checkpoint.sha256, before.preprocessing) != (now.checkpoint.sha256, now.preprocessing):
        raise UserError(
            f"the baseline is of checkpoint {before.checkpoint.id}, with other weights or another input size: give "
            "--baseline FILE; --update-baseline makes it"
        )
    pair = _Pair(before, now, None if run.accuracy is None else run.accuracy.reference.outcome)
    running = _changes(before.tool_versions, now.tool_versions)
    found = [pair.drift(f"checkpoint {now.checkpoint.id}", "PyTorch", before.reference, now.reference, running)]
    for label, measured in now.artifacts.items():
        known = before.artifacts.get(label, before.artifacts.get(PurePosixPath(label).name))
        making = _changes(known.tool_versions, measured.tool_versions) if known is not None else []
        found.append(pair.drift(label, FILE, None if known is None else known.file, measured.file, making))
        for each in run.parity:
            if each.label == label:
                figures = measured.runtimes.get(each.runtime, {})
                old = None if known is None else known.runtimes.get(each.runtime)
                found.append(pair.drift(label, each.runtime, old, figures, making + running, each))
    return [each for each in found if each.checks]


@dataclass(frozen=True)
class _Pair:
    """outcome: the reference's on the images of the data set, None where nothing ran on them."""

    before: Baseline
    now: Baseline
    outcome: Outcome | None

    def drift(
        self,
        label: str,
        runtime: str,
        old: Figures | None,
        new: Figures,
        changes: Sequence[str],
        seen: Parity | None = None,
    ) -> Drift:
        """`old`: None where the baseline has nothing of it; `changes`: of tools; `seen`: what parity found."""
        # What no baseline can excuse: a manifest that lies, a file that does not run, answers that are no numbers.
        checks = [] if seen is None else [each for each in seen.checks if each.value is None]
        if not new:
            return Drift(label, runtime, checks, [] if seen is None else seen.diagnosis)
        about = Check(artifact=label, runtime=runtime, check="baseline", verdict="NOT RUN")
        if old is None:
            reason = "not in the baseline: --update-baseline adds it"
            return Drift(label, runtime, [*checks, about.model_copy(update={"reason": reason})])
        if runtime != FILE and self.before.data != self.now.data:
            reason = f"the baseline was measured on other images: {self.before.data}, not {self.now.data}"
            checks.append(about.model_copy(update={"reason": reason}))
            old, new = ({name: each[name] for name in OF_MACHINE if name in each} for each in (old, new))
        notes = []
        told = {each.check for each in checks}
        for name in [*new, *(name for name in old if name not in new and name not in told)]:
            sample = self._sample(label, name, old, seen)
            check = self._check(about, name, old.get(name), new.get(name), sample)
            checks.append(check)
            allowed = allowance(name)
            if check.bound is not None and allowed is not None and not allowed.passes(old[name], new[name], sample):
                notes.append(f"better than the baseline: {name} {new[name]}, before {old[name]}")
        if any(each.verdict == "FAIL" for each in checks):
            notes += [*(seen.diagnosis if seen is not None else []), *changes]
        return Drift(label, runtime, checks, notes)

    def _sample(self, label: str, name: str, old: Figures, seen: Parity | None) -> Sample:
        """What a figure was measured on here."""
        known = self.now.artifacts.get(label)
        images = self.now.compared if name in METRICS else self.now.images
        turned = (1 - old.get("same_answer", old.get("same_labels", 1))) * self.now.images
        moved = old.get(name.replace("MAE", "error_change", 1), 0) if name.startswith("MAE") else 0
        anew = known is not None and known.anew
        return Sample(images, anew=anew, turned=turned, moved=moved, unit=self._unit(name, seen))

    def _unit(self, name: str, seen: Parity | None) -> float:
        """See Sample."""
        if name in METRICS:
            return 1.0 if seen is None or not seen.expected.size else max(1.0, float(np.abs(seen.expected).max()))
        figure = name.replace("error_change", "MAE", 1)
        return self.outcome.unit(figure) if self.outcome is not None and figure in self.outcome.figures() else 1.0

    def _check(self, about: Check, name: str, old: float | None, new: float | None, sample: Sample) -> Check:
        allowed = allowance(name)
        facts = {"check": name, "value": new, "baseline": old}
        if allowed is None:
            return about.model_copy(update=facts | {"reason": "validation/baselines/allowances.py does not know it"})
        if old is None or new is None:
            missing = "not in the baseline" if old is None else "not measured here"
            return about.model_copy(update=facts | {"reason": f"{missing}: --update-baseline"})
        if name in OF_MACHINE and self.before.machine != self.now.machine:
            reason = f"only told: the baseline is of another machine, {self.before.machine}"
            return about.model_copy(update=facts | {"verdict": "PASS", "reason": reason})
        verdict = "PASS" if allowed.passes(new, old, sample) else "FAIL"
        bound = allowed.worst(old, sample)
        return about.model_copy(update=facts | {"verdict": verdict, "bound": bound, "reason": allowed.reason})


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Versions that differ, in words."""
    return [
        f"{tool} is {now.get(tool, 'not here')}, for the baseline it was {before.get(tool, 'not there')}"
        for tool in sorted({*before, *now})
        if before.get(tool) != now.get(tool)
    ]
