"""`python -m validation drift`: what is worse than its baseline fails, what is better or unknown is said."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from reference.errors import UserError
from reference.manifest import size_in_bytes
from validation import drift, verdict
from validation.__main__ import main
from validation.baselines.allowances import ALLOWANCES, Sample, allowance
from validation.baselines.compare import compare
from validation.baselines.file import BUNDLED, Baseline, read_baseline, write_baseline
from validation.baselines.run import Run, measure
from validation.checks.metrics import METRICS
from validation.checks.parity import parity
from validation.results import FAILED, NOT_RUN_BUT_REQUIRED, PASSED, USAGE, exit_code

from . import mistaken

SCENES = 12


@pytest.fixture(scope="module")
def run(tflite) -> Run:
    """A sound artifact, measured once."""
    return measure([tflite("float16").path], images=SCENES)


def edited(facts: Baseline, figure: str, factor: float) -> Baseline:
    """The same baseline, had this figure been `factor` times what it is."""
    fields = facts.model_dump()
    (artifact,) = fields["artifacts"].values()
    places = [artifact["file"], *artifact["runtimes"].values(), fields["reference"]]
    (place,) = [place for place in places if figure in place][:1]
    place[figure] = round(place[figure] * factor) if isinstance(place[figure], int) else place[figure] * factor
    return Baseline.model_validate(fields)


def judged(baseline: Baseline, run: Run) -> dict[str, str]:
    """Verdicts by figure; where the reference and the artifact have it, the worse."""
    return {
        check.check: check.verdict
        for verdict in ("PASS", "NOT RUN", "FAIL")
        for each in compare(baseline, run)
        for check in each.checks
        if check.verdict == verdict
    }


def test_what_a_run_measures(run, tflite):
    artifact = tflite("float16").path
    (measured,) = run.facts.artifacts.values()
    assert measured.file["bytes"] == size_in_bytes(artifact)
    figures = measured.runtimes["litert"]
    (beside,) = parity([artifact], images=run.pictures)
    for check in beside.checks:
        assert figures[check.check] == pytest.approx(check.value, rel=1e-5)
    assert 0 < figures["latency_ratio"] < 5
    assert figures["top-1"] == pytest.approx(100 * (run.accuracy.artifacts[0].outcome.rank == 0).mean(), abs=1e-3)
    assert set(run.facts.reference) == {"top-1", "top-5"}
    assert len(run.pictures) == SCENES


def test_the_same_again_passes(run):
    verdicts = judged(run.facts, run)
    assert set(verdicts.values()) == {"PASS"}
    assert {"operations", "partitions, XNNPACK", "sqnr_db", "top-1", "latency_ratio"} <= set(verdicts)
    assert not any(each.diagnosis for each in compare(run.facts, run))


@pytest.mark.parametrize(
    ("figure", "before"),
    [
        ("operations", 0.99),
        ("transposes", 0.9),
        ("reshapes", 0.9),
        ("partitions, XNNPACK", 0),
        ("bytes", 0.97),
        ("weight_bytes", 0.98),
        ("sqnr_db", 1.08),
        ("max_abs_error", 0.4),
        ("kl_divergence", 0.1),
        ("top-1", 1.4),
        ("latency_ratio", 0.45),
    ],
)
def test_what_was_better_before_is_a_regression(run, figure, before):
    baseline = edited(run.facts, figure, before)
    verdicts = judged(baseline, run)
    assert [name for name, said in verdicts.items() if said == "FAIL"] == [figure]
    assert exit_code(compare(baseline, run)) == FAILED


@pytest.mark.parametrize(("figure", "before"), [("operations", 1.01), ("bytes", 1.05), ("sqnr_db", 0.9)])
def test_what_was_worse_before_is_said_and_passes(run, figure, before):
    found = compare(edited(run.facts, figure, before), run)
    assert exit_code(found) == PASSED
    (said,) = [line for each in found for line in each.diagnosis]
    assert said.startswith(f"better than the baseline: {figure}")


def test_what_the_baseline_does_not_know_is_not_run(run, tflite):
    none = run.facts.model_copy(update={"artifacts": {}})
    found = compare(none, run)
    assert exit_code(found) == PASSED, "the reference is as before"
    assert exit_code(found, ["litert"]) == NOT_RUN_BUT_REQUIRED
    assert {check.verdict for each in found for check in each.checks if each.label.endswith("tflite")} == {"NOT RUN"}
    ((name, measured),) = run.facts.artifacts.items()
    runtimes = {"litert": {key: value for key, value in measured.runtimes["litert"].items() if key != "sqnr_db"}}
    part = run.facts.model_copy(update={"artifacts": {name: measured.model_copy(update={"runtimes": runtimes})}})
    assert [figure for figure, said in judged(part, run).items() if said != "PASS"] == ["sqnr_db"]


def test_two_builds_are_held_against_the_one_that_is_known(run):
    ((name, measured),) = run.facts.artifacts.items()
    facts = run.facts.model_copy(update={"artifacts": {f"old/{name}": measured}})
    labelled = [replace(each, artifact=replace(each.artifact, label=f"old/{name}")) for each in run.parity]
    found = compare(run.facts, replace(run, facts=facts, parity=labelled))
    assert {check.verdict for each in found for check in each.checks} == {"PASS"}
    assert {each.label for each in found} == {"checkpoint demo", f"old/{name}"}


def test_other_images_and_other_machines(run):
    elsewhere = edited(run.facts, "latency_ratio", 0.1).model_copy(update={"machine": "Linux riscv64"})
    assert judged(elsewhere, run)["latency_ratio"] == "PASS"
    (check,) = [check for each in compare(elsewhere, run) for check in each.checks if check.check == "latency_ratio"]
    assert check.bound is None
    assert "only told" in check.reason
    others = judged(run.facts.model_copy(update={"data": "5 scenes"}), run)
    assert others["operations"] == "PASS"
    assert others["latency_ratio"] == "PASS"
    assert others["baseline"] == "NOT RUN"
    assert not {"sqnr_db", "top-1"} & set(others)


def test_a_failed_run_needs_no_baseline(run, tflite, tmp_path):
    wrong = mistaken.copy_of(tflite("float16").path, tmp_path)
    mistaken.describe_anew(wrong, labels=lambda labels: [*labels[1:], labels[0]])
    lying = parity([wrong], images=run.pictures[:1])
    assert exit_code(compare(run.facts, replace(run, parity=lying))) == FAILED


def test_other_versions_of_tools_may_explain_a_regression(run):
    baseline = edited(run.facts, "sqnr_db", 1.2)
    baseline = baseline.model_copy(update={"tool_versions": {**baseline.tool_versions, "ai-edge-litert": "1.0"}})
    said = [line for each in compare(baseline, run) for line in each.diagnosis]
    assert any(line.startswith("ai-edge-litert is ") and line.endswith("it was 1.0") for line in said)


def test_every_figure_has_its_allowance(run):
    assert set(METRICS) <= set(ALLOWANCES)
    for path in BUNDLED.glob("*.json"):
        facts = read_baseline(path)
        assert f"{facts.task}_{facts.size}" == path.stem
        for measured in facts.artifacts.values():
            figures = [measured.file, *measured.runtimes.values()]
            assert all(allowance(name) for each in figures for name in each)


def test_allowances_let_the_same_value_pass_and_no_nan():
    for name, each in ALLOWANCES.items():
        for sample in (Sample(16), Sample(16, anew=True, turned=1)):
            assert each.passes(0.9, 0.9, sample), name
            assert not each.passes(float("nan"), 0.9, sample), name
    # Of probabilities that float16 rounded, and which do not sum to one.
    assert ALLOWANCES["kl_divergence"].passes(-3e-6, -3e-6, Sample(16))


def test_the_bundled_baseline_knows_todays_file(run):
    """What stands in the file does not depend on the machine."""
    (ours,) = run.facts.artifacts
    bundled = read_baseline(BUNDLED / "classification_xxs.json")
    assert ours in bundled.artifacts
    assert [name for name, said in judged(bundled, run).items() if said == "FAIL" and name != "latency_ratio"] == []


@pytest.mark.processes
def test_the_command(tflite, tmp_path, capfd):
    artifact, path = str(tflite("float16").path), tmp_path / "own.json"
    given = ["drift", artifact, "--baseline", str(path), "--jobs", "1"]
    assert main(given) == USAGE
    assert "make it with --update-baseline" in capfd.readouterr().err
    assert main([*given, "--images", "4", "--update-baseline"]) == PASSED
    assert read_baseline(path).data == "4 scenes"
    assert [each.name for each in tmp_path.iterdir()] == ["own.json"]
    files = [tmp_path / name for name in ("r.json", "r.md", "r.xml")]
    options = [part for name, file in zip(("--json", "--markdown", "--junit"), files) for part in (name, str(file))]
    write_baseline(path, edited(read_baseline(path), "operations", 0.5))
    assert main([*given, *options]) == FAILED
    out = capfd.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    assert "✗ operations" in out
    assert "drift: FAIL" in files[1].read_text("utf-8")
    assert json.loads(files[0].read_text("utf-8"))["verdict"] == "FAIL"
    assert 'failures="1"' in files[2].read_text("utf-8")


def test_refusals(run, tflite, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text(run.facts.model_dump_json().replace('"images":12', '"images":"12"'))
    with pytest.raises(UserError, match=r"is no valid baseline: images"):
        read_baseline(broken)
    other = run.facts.checkpoint.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(UserError, match="with other weights"):
        compare(run.facts.model_copy(update={"checkpoint": other}), run)


def test_three_lines_of_ones_own(tflite, run, tmp_path):
    write_baseline(tmp_path / "mine.json", run.facts)
    assert verdict(drift([tflite("float16").path], baseline=tmp_path / "mine.json")) == "PASS"


def samples(rng, images: int, factor: float) -> tuple[float, float]:
    """Two means of noise over images, an eighth of which carry it; the second of `factor` times the noise."""
    unsure = rng.random(images) < 1 / 8
    before, after = np.abs(rng.normal(size=(2, images))) * unsure
    return float(before.mean()), float(factor * after.mean())


def test_noise_drawn_anew_passes_and_more_noise_does_not():
    """By 1,000 draws each: what another processor makes of a sound int8 file, and what a worse file shows."""
    rng = np.random.default_rng(0)
    each, sample = ALLOWANCES["quality_change"], Sample(500, anew=True)
    sound = [each.passes(after, before, sample) for before, after in (samples(rng, 500, 1) for _ in range(1000))]
    worse = [each.passes(after, before, sample) for before, after in (samples(rng, 500, 2) for _ in range(1000))]
    assert np.mean(sound) > 0.99
    # The ratio of two such means spreads by 0.135 of itself, and 1.4 pass: 2.2 deviations below 2, one draw in 70.
    assert np.mean(worse) < 0.02
    agreement = ALLOWANCES["same_answer"]
    turned = rng.binomial(24, 0.5, (2, 1000)) / 500  # the same images lie between two classes in both runs
    sound = [agreement.passes(1 - after, 1 - before, sample) for before, after in turned.T]
    assert np.mean(sound) > 0.995
    assert not agreement.passes(1 - 0.06, 1 - 0.024, sample), "3.6 points more of other answers are a loss"
    few = Sample(16, anew=True)
    assert ALLOWANCES["top1_agreement"].passes(0.875, 0.9375, few), "one image more of 16 is none"
