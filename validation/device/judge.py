"""What phones answered and how fast, beside the reference's stored answers: `python -m validation import-device`.

The apps' export meets the gates that a run here meets. No artifact runs, and no PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.golden import GoldenSet, decoded, golden_path, read_golden
from reference.tolerances import numbers_of, tolerance

from ..artifact import Artifact, open_artifacts
from ..baselines.file import Baseline, Measured, rounded
from ..checks.claims import wrong_golden
from ..checks.metrics import METRICS
from ..checks.parity import Parity
from ..checks.parity import judge as judge_answers
from ..results import Check
from .export import Device, DeviceAnswer, DeviceResults, DeviceRun, read_device_results

OWN_CROP = "own crop"
# What holds where the app made the crop: its pixels may lie a rounding away from the golden ones.
OWN_CROP_METRICS = ("top1_agreement", "pixel_agreement")
TIMES = ("load_ms", "compile_ms", "preprocessing_ms", "inference_ms", "inference_p90_ms", "peak_mib")


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
    device = read_device_results(Path(results))
    return judge(device, shipped(device, Path(models)))


@dataclass(frozen=True)
class Shipped:
    """An artifact as the app has it, with its golden set."""

    artifact: Artifact
    golden: GoldenSet


def shipped(results: DeviceResults, models: Path) -> dict[str, Shipped]:
    """What ran, by file name; UserError where it is not in the folder `models`, or has no golden set of its own."""
    names = list(dict.fromkeys(run.artifact for run in results.runs))
    outside = next((name for name in names if Path(name).name != name or name in ("", "..")), None)
    if outside is not None:
        raise UserError(f"the results name {outside!r}, which is no file name")
    found = {}
    for name, artifact in zip(names, open_artifacts([models / name for name in names])):
        golden = read_golden(golden_path(artifact.path))
        if wrong := wrong_golden(golden, artifact):
            raise UserError(f"{golden_path(artifact.path)}: {wrong[0]}")
        found[name] = Shipped(artifact, golden)
    return found


def judge(results: DeviceResults, models: Mapping[str, Shipped]) -> list[Parity]:
    """See import_device; models: of `shipped`."""
    return [each for run in results.runs for each in _judge_run(run, models[run.artifact])]


def _judge_run(run: DeviceRun, model: Shipped) -> list[Parity]:
    """The run's times stand with its first entry."""
    artifact = model.artifact
    threads = [] if run.threads is None else [f"{run.threads} threads"]
    name = ", ".join([run.runtime, run.accelerator, *threads])
    if run.sha256 != artifact.manifest.artifact.sha256:
        reason = f"the device ran another file of this name: its sha256 begins with {run.sha256[:8]}"
        return [Parity(artifact, name, [_failed(artifact.label, name, "artifact", reason)])]
    exact = [each for each in run.answers if each.exact_pixels]
    own = [each for each in run.answers if not each.exact_pixels]
    if not exact:
        reason = "there are none to the golden crops" if own else "there are none"
        return [Parity(artifact, name, [_failed(artifact.label, name, "answers", reason)])]
    found = [_judge_answers(model, name, exact)]
    if own:
        found.append(_judge_answers(model, f"{name}, {OWN_CROP}", own))
    found[0].checks.extend(_times(run, found[0]))
    return found


def _judge_answers(model: Shipped, runtime: str, given: Sequence[DeviceAnswer]) -> Parity:
    artifact, golden = model.artifact, model.golden
    known = {each.name: answer for each, answer in zip(golden.pictures, golden.answers())}
    wrong, pairs = [], []
    for each in given:
        try:
            pairs.append((known[each.picture], decoded(each.answer, golden.meaning, golden.shape)))
        except KeyError:
            wrong.append(f"the golden set has no picture {each.picture}")
        except ValueError as error:
            wrong.append(f"picture {each.picture}: {error}")
    missing = known.keys() - {each.picture for each in given}
    if missing:
        wrong.append(f"no answer to picture {', '.join(sorted(missing))}")
    checks = [_failed(artifact.label, runtime, "answers", reason) for reason in wrong]
    if not pairs:
        return Parity(artifact, runtime, checks)
    expected, answers = (np.stack(arrays) for arrays in zip(*pairs))
    channels_first = np.moveaxis(expected, -1, 1) if artifact.manifest.answer.layout == "NHWC" else expected
    bounds = tolerance(artifact.manifest.artifact, golden.meaning, channels_first)
    if runtime.endswith(OWN_CROP):
        agreement = {name: bound for name, bound in bounds.bounds.items() if name in OWN_CROP_METRICS}
        bounds = replace(bounds, bounds=agreement, reason="on the app's own crops, which may lie a rounding away")
    checks += judge_answers(artifact.label, runtime, golden.meaning, expected, answers, bounds)
    return Parity(artifact, runtime, checks, expected=expected, answers=answers)


def _times(run: DeviceRun, found: Parity) -> list[Check]:
    """Medians of what was timed, and the 90th percentile; only told."""
    told: dict[str, float | None] = {"load_ms": run.load_ms, "compile_ms": run.compile_ms, "peak_mib": run.peak_mib}
    if run.preprocessing_ms:
        told["preprocessing_ms"] = float(np.median(run.preprocessing_ms))
    if run.inference_ms:
        told["inference_ms"] = float(np.median(run.inference_ms))
        told["inference_p90_ms"] = float(np.percentile(run.inference_ms, 90))
    return [
        Check(
            artifact=found.label,
            runtime=found.runtime,
            check=name,
            verdict="PASS",
            value=told[name],
            reason=f"only told: {len(run.inference_ms)} runs after {run.warm_up}{_heat(run)}",
        )
        for name in TIMES
        if told.get(name) is not None
    ]


def _heat(run: DeviceRun) -> str:
    """The device's heat around the run, in words: a warm device is slower."""
    states = [state for state in (run.thermal_state_before, run.thermal_state) if state is not None]
    told = [f"thermal state {', then '.join(dict.fromkeys(states))}"] if states else []
    if run.wait_ms:
        told.append(f"after a wait of {run.wait_ms / 1000:.0f} s")
    if any(state != "nominal" for state in states):
        told.append("a warm device, whose times are not to be compared")
    return "".join(f"; {words}" for words in told)


def described(device: Device) -> str:
    """A device in words: model, system, and the chip where it is known."""
    return ", ".join(filter(None, [device.model, device.system, device.soc]))


def as_baseline(results: DeviceResults, compared: Sequence[Parity], models: Mapping[str, Shipped]) -> Baseline:
    """What a device's results are as a baseline: figures by artifact and setting, on that device. There are runs."""
    first = next(iter(models.values())).artifact.manifest
    pictures = max(len(each.answers) for each in compared)
    return Baseline(
        schema_version=2,
        task=first.task,
        size=first.size,
        checkpoint=first.checkpoint,
        preprocessing=first.preprocessing,
        data="golden sets",
        images=pictures,
        compared=pictures,
        machine=described(results.device),
        tool_versions={"app": results.device.app},
        reference={},
        artifacts={
            each.artifact.label: Measured(
                anew=numbers_of(each.artifact.manifest.artifact).anew,
                file={},
                runtimes={
                    parity.runtime: {
                        check.check: rounded(check.value)
                        for check in parity.checks
                        if check.value is not None and check.check in (*METRICS, *TIMES)
                    }
                    for parity in compared
                    if parity.artifact == each.artifact
                },
                tool_versions=each.artifact.manifest.tool_versions,
            )
            for each in models.values()
        },
    )


def _failed(artifact: str, runtime: str, check: str, reason: str) -> Check:
    return Check(artifact=artifact, runtime=runtime, check=check, verdict="FAIL", reason=reason)
