"""What phones answered and how fast, beside the reference's stored answers: `python -m validation import-device`.

The apps' export meets the gates that a run here meets. No artifact runs, and no PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.golden import Golden, decoded, golden_path, read_golden
from reference.manifest import Manifest, read_manifest
from reference.tolerances import numbers_of, tolerance

from ..baselines.file import Baseline, Measured, rounded
from ..checks.metrics import METRICS
from ..checks.parity import Parity, judge
from ..results import Check
from .export import DeviceAnswer, DeviceResults, DeviceRun, read_device_results

OWN_CROP = "own crop"
# What holds where the app made the crop: its pixels may lie a rounding away from the golden ones.
OWN_CROP_METRICS = ("top1_agreement", "pixel_agreement")
TIMES = ("load_ms", "preprocessing_ms", "inference_ms", "inference_p90_ms", "peak_mib")


def import_device(results: Path | str, models: Path | str) -> list[Parity]:
    """Judge what a phone exported.

    Args:
        results: the JSON file of the app.
        models: the folder with the artifacts that it ran, their manifests and golden sets.

    Returns:
        One entry for each run, two where the app also made crops of its own. An answer to a picture that the golden set
        lacks, of a wrong length, or of another artifact is a failed check; times are told, without a bound.

    Raises:
        UserError: for a file that is malformed, an artifact that is not in `models`, or one without a golden set.
    """
    return [each for run in read_device_results(Path(results)).runs for each in judge_run(run, Path(models))]


def judge_run(run: DeviceRun, models: Path) -> list[Parity]:
    """See import_device; the run's times stand with its first entry."""
    artifact = models / run.artifact
    manifest, golden = read_manifest(artifact), read_golden(golden_path(artifact))
    if golden.sha256 != manifest.artifact.sha256:
        raise UserError(f"{golden_path(artifact)} is of another file than {artifact}: convert again with --into")
    threads = [] if run.threads is None else [f"{run.threads} threads"]
    name = ", ".join([run.runtime, run.accelerator, *threads])
    if run.sha256 != manifest.artifact.sha256:
        reason = f"the device ran another file of this name: its sha256 begins with {run.sha256[:8]}"
        return [Parity(run.artifact, name, [_failed(run.artifact, name, "artifact", reason)])]
    if not run.answers:
        return [Parity(run.artifact, name, [_failed(run.artifact, name, "answers", "there are none")])]
    groups = {
        name: [each for each in run.answers if each.exact_pixels],
        f"{name}, {OWN_CROP}": [each for each in run.answers if not each.exact_pixels],
    }
    found = [
        _judge_answers(run.artifact, setting, given, manifest, golden) for setting, given in groups.items() if given
    ]
    found[0].checks.extend(_times(run, found[0].runtime))
    return found


def _judge_answers(
    artifact: str, runtime: str, given: Sequence[DeviceAnswer], manifest: Manifest, golden: Golden
) -> Parity:
    known = {each.name: answer for each, answer in zip(golden.pictures, golden.answers())}
    checks, pairs = [], []
    for each in given:
        try:
            pairs.append((known[each.picture], decoded(each.answer, golden.meaning, golden.shape)))
        except KeyError:
            checks.append(_failed(artifact, runtime, "answers", f"the golden set has no picture {each.picture}"))
        except ValueError as error:
            checks.append(_failed(artifact, runtime, "answers", f"picture {each.picture}: {error}"))
    missing = known.keys() - {each.picture for each in given}
    if missing:
        checks.append(_failed(artifact, runtime, "answers", f"no answer to picture {', '.join(sorted(missing))}"))
    if not pairs:
        return Parity(artifact, runtime, checks)
    expected, answers = (np.stack(arrays) for arrays in zip(*pairs))
    channels_first = np.moveaxis(expected, -1, 1) if manifest.answer.layout == "NHWC" else expected
    bounds = tolerance(manifest.artifact, golden.meaning, channels_first)
    if runtime.endswith(OWN_CROP):
        agreement = {name: bound for name, bound in bounds.bounds.items() if name in OWN_CROP_METRICS}
        bounds = replace(bounds, bounds=agreement, reason="on the app's own crops, which may lie a rounding away")
    checks += judge(artifact, runtime, golden.meaning, expected, answers, bounds)
    return Parity(artifact, runtime, checks, expected=expected, answers=answers)


def _times(run: DeviceRun, runtime: str) -> list[Check]:
    """Medians of what was timed, and the 90th percentile; only told."""
    told: dict[str, float | None] = {"load_ms": run.load_ms, "peak_mib": run.peak_mib}
    if run.preprocessing_ms:
        told["preprocessing_ms"] = float(np.median(run.preprocessing_ms))
    if run.inference_ms:
        told["inference_ms"] = float(np.median(run.inference_ms))
        told["inference_p90_ms"] = float(np.percentile(run.inference_ms, 90))
    state = "" if run.thermal_state is None else f"; thermal state {run.thermal_state}"
    return [
        Check(
            artifact=run.artifact,
            runtime=runtime,
            check=name,
            verdict="PASS",
            value=told[name],
            reason=f"only told: {len(run.inference_ms)} runs after {run.warm_up}{state}",
        )
        for name in TIMES
        if told.get(name) is not None
    ]


def facts(results: DeviceResults, comparisons: Sequence[Parity], models: Path) -> Baseline:
    """What a device's results are as a baseline: figures by artifact and setting, on that device."""
    manifests = {run.artifact: read_manifest(models / run.artifact) for run in results.runs}
    first = next(iter(manifests.values()))
    return Baseline(
        schema_version=2,
        task=first.task,
        size=first.size,
        checkpoint=first.checkpoint,
        preprocessing=first.preprocessing,
        data="golden sets",
        images=max(len(each.answers) for each in comparisons),
        compared=max(len(each.answers) for each in comparisons),
        machine=f"{results.device.model}, {results.device.system}",
        tool_versions={"app": results.device.app},
        reference={},
        artifacts={
            name: Measured(
                anew=numbers_of(manifest.artifact).anew,
                file={},
                runtimes={
                    each.runtime: {
                        check.check: rounded(check.value)
                        for check in each.checks
                        if check.value is not None and check.check in (*METRICS, *TIMES)
                    }
                    for each in comparisons
                    if each.artifact == name
                },
                tool_versions=manifest.tool_versions,
            )
            for name, manifest in manifests.items()
        },
    )


def _failed(artifact: str, runtime: str, check: str, reason: str) -> Check:
    return Check(artifact=artifact, runtime=runtime, check=check, verdict="FAIL", reason=reason)
