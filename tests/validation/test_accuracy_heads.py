"""Accuracy and drift of independent labels, of values and of one class of pixels; the oracle is transformers' model."""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from sklearn.metrics import average_precision_score, f1_score, mean_absolute_error

from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.scenes import LABELS, render
from validation.__main__ import main
from validation.artifact import open_artifacts
from validation.baselines.compare import compare
from validation.baselines.file import Baseline
from validation.baselines.run import measure
from validation.checks.accuracy import accuracy, batches
from validation.results import FAILED, PASSED, exit_code, verdict
from validation.runtimes.apart import Apart

from ..heads import HEAD_SIDE, SEGMENTER
from . import mistaken

SCENES = 30  # two batches


def data_set(head, folder) -> SimpleNamespace:
    """A checkpoint and its artifact with pictures that have no labels yet."""
    folder.mkdir(parents=True)
    for index in range(SCENES):
        render("validation", index).image.save(folder / f"{index}.png")
    checkpoint, written = head
    return SimpleNamespace(checkpoint=checkpoint, path=written.path, data=folder)


@cache
def theirs(folder: str) -> np.ndarray:
    """transformers' logits for the scenes, [images, labels]."""
    model = transformers.MobileViTForImageClassification.from_pretrained(folder).eval()
    processor = load_checkpoint(folder).cropping(HEAD_SIDE, HEAD_SIDE).processor
    images = [render("validation", index).image for index in range(SCENES)]
    with torch.inference_mode():
        return model(**processor(images, return_tensors="pt")).logits.double().numpy()


@pytest.fixture(scope="module")
def scored(head, tmp_path_factory):
    """The data set's truth, bool [images, labels]: what the model says, with mistakes; two labels that no image has."""
    found = data_set(head("scores"), tmp_path_factory.mktemp("scores") / "data")
    logits = theirs(found.checkpoint)
    truth = (logits > 0) ^ (np.random.default_rng(0).random(logits.shape) < 0.05)
    truth[:, [4, 29]] = False
    rows = [
        f"{index}.png,{'|'.join(LABELS[label] for label in np.flatnonzero(each))}" for index, each in enumerate(truth)
    ]
    (found.data / "labels.csv").write_text("\n".join(["file,label", *rows]), "utf-8")
    return SimpleNamespace(**vars(found), truth=truth, logits=logits)


@pytest.fixture(scope="module")
def valued(head, tmp_path_factory):
    """The data set's truth [images, outputs]: what the model says, with noise."""
    found = data_set(head("values"), tmp_path_factory.mktemp("values") / "data")
    logits = theirs(found.checkpoint)
    truth = (logits + np.random.default_rng(0).normal(size=logits.shape)).round(3)
    rows = [",".join([f"{index}.png", *map(str, each)]) for index, each in enumerate(truth)]
    (found.data / "labels.csv").write_text("\n".join([",".join(["file", *LABELS[:5]]), *rows]), "utf-8")
    return SimpleNamespace(**vars(found), truth=truth, logits=logits)


def measured(given, **options):
    return accuracy([given.path], data=str(given.data), checkpoint=given.checkpoint, **options)


def test_scores_by_scikit_learn(scored):
    result = measured(scored)
    outcome = result.reference.outcome
    occur = scored.truth.any(axis=0)
    truth, scores = scored.truth[:, occur], 1 / (1 + np.exp(-scored.logits[:, occur]))
    expected = 100 * average_precision_score(truth, scores, average="macro")
    # Two networks in float32 rank two images of almost equal scores in either order: none here.
    assert outcome.figure("mAP") == pytest.approx(expected)
    assert 40 < expected < 99.9
    assert outcome.figure("macro F1") == pytest.approx(100 * f1_score(truth, scores > 0.5, average="macro"))
    assert outcome.left_out() == [LABELS[4], LABELS[29]]
    of_artifact = result.artifacts[0].outcome
    np.testing.assert_allclose(of_artifact.scores, outcome.scores, atol=1e-4)
    assert of_artifact.figure("mAP") == pytest.approx(expected, abs=1)


def test_values_by_scikit_learn(valued):
    result = measured(valued)
    expected = mean_absolute_error(valued.truth, valued.logits, multioutput="raw_values")
    # float32's roundings of values up to 30, in both networks.
    for model in (result.reference, *result.artifacts):
        figures = [model.outcome.figure(name) for name in model.outcome.figures()]
        assert figures == pytest.approx([expected.mean(), *expected], abs=1e-3)


@pytest.fixture
def reports(tmp_path):
    files = {name: tmp_path / f"a{name}" for name in (".json", ".md", ".xml", ".html")}
    options = zip(("--json", "--markdown", "--junit", "--html"), map(str, files.values()))
    return SimpleNamespace(files=files, options=[part for pair in options for part in pair])


def command(given, *options: str) -> int:
    return main(["accuracy", str(given.path), "--data", str(given.data), "--checkpoint", given.checkpoint, *options])


@pytest.mark.processes
def test_reports_of_scores_by_two_processes(scored, reports, capfd):
    expected = measured(scored).artifacts[0].outcome
    assert command(scored, "--jobs", "2", "-v", *reports.options) == PASSED
    out = capfd.readouterr().out
    note = f"left out, since no image has them: {LABELS[4]}, {LABELS[29]}"
    assert note in out
    assert all(words in out for words in ("mAP, %", "macro F1, %", "points lost, 95 % interval", "F1, % by class"))
    assert max(map(len, out.splitlines())) <= 100
    told = json.loads(reports.files[".json"].read_text("utf-8"))
    figures = {check["check"]: check["value"] for check in told["results"][1]["checks"]}
    names = expected.figures()
    assert {name: figures[name] for name in names} == {name: pytest.approx(expected.figure(name)) for name in names}
    assert len(names) == 2 + 28
    assert told["measured"][1]["lost"][1] <= figures["points lost"] <= told["measured"][1]["lost"][2]
    rows = [each for each in told["labels"] if each["figure"] == "AP"]
    assert sorted(each["label"] for each in rows) == sorted(set(LABELS) - {LABELS[4], LABELS[29]})
    assert told["results"][0]["diagnosis"] == [note]
    text = reports.files[".md"].read_text("utf-8")
    assert note in text
    assert f"| F1 (%), {LABELS[0]} | {figures[f'F1, {LABELS[0]}']:.4g}" in text
    page = reports.files[".html"].read_text("utf-8")
    assert all(words in page for words in (note, "AP, %; the 20 of 28 labels that lost most", "<h2>By label</h2>"))
    assert ElementTree.parse(reports.files[".xml"]).getroot().find("testsuite").get("tests") == str(2 * (2 + 28) + 1)


def test_reports_of_values(valued, reports, capfd):
    assert command(valued, "--jobs", "1", "-v", *reports.options) == PASSED
    out = capfd.readouterr().out
    assert all(words in out for words in ("MAE added, 95 % interval", "MAE by class, and MAE added"))
    assert "worst images of" in out
    told = json.loads(reports.files[".json"].read_text("utf-8"))
    assert len(told["labels"]) == 5
    assert {check["check"] for check in told["results"][1]["checks"]} == {
        "MAE", "MAE added", *(f"MAE, {label}" for label in LABELS[:5]),
    }  # fmt: skip
    page = reports.files[".html"].read_text("utf-8")
    assert all(words in page for words in ("MAE added", "<h2>By label</h2>", LABELS[3]))


def test_values_that_are_no_numbers_fail(valued, reports, monkeypatch, capfd):
    monkeypatch.setattr(Apart, "run_batch", lambda self, images: np.full((1, 5), np.nan, np.float32))
    assert command(valued, "--jobs", "1", *reports.options) == FAILED
    assert "not finite" in capfd.readouterr().out
    checks = json.loads(reports.files[".json"].read_text("utf-8"))["results"][1]["checks"]
    assert {(check["verdict"], check["value"]) for check in checks} == {("FAIL", None)}
    assert "not finite" in reports.files[".html"].read_text("utf-8")


def test_an_interrupted_run_goes_on(scored, tmp_path, monkeypatch):
    begun, count = [], batches.Models.count

    def interrupted(self, number):
        begun.append(number)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return count(self, number)

    monkeypatch.setattr(batches.Models, "count", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measured(scored, journal_folder=tmp_path)
    again = measured(scored, journal_folder=tmp_path)
    assert begun == [0, 1, 1]
    whole = measured(scored)
    for ours, other in zip([again.reference, *again.artifacts], [whole.reference, *whole.artifacts]):
        assert np.array_equal(ours.outcome.scores, other.outcome.scores)
        assert np.array_equal(ours.outcome.truth, scored.truth)


def test_logits_of_independent_labels_are_as_good_as_their_scores(scored, tmp_path, monkeypatch):
    """The manifest says logits, and the checkpoint what they stand for."""
    expected = measured(scored).artifacts[0].outcome
    logits = mistaken.copy_of(scored.path, tmp_path)
    mistaken.describe_anew(logits, outputs=lambda outputs: [{**outputs[0], "meaning": "logits"}])
    run = Apart.run_batch

    def inverse(self, images):
        scores = run(self, images).astype(np.float64)
        return np.log(scores / (1 - scores))

    monkeypatch.setattr(Apart, "run_batch", inverse)
    (found,) = accuracy([logits], data=str(scored.data), checkpoint=scored.checkpoint).artifacts
    np.testing.assert_allclose(found.outcome.scores, expected.scores, rtol=1e-6)


@pytest.fixture
def untimed(monkeypatch):
    """Latency depends on no head."""
    monkeypatch.setattr("validation.baselines.run.latency", lambda *artifacts, **options: [])


def run_of(given):
    return measure([given.path], data=str(given.data), images=SCENES, checkpoint=given.checkpoint)


def failing(before: Baseline, run) -> set[str]:
    return {check.check for each in compare(before, run) for check in each.checks if check.verdict == "FAIL"}


def spoilt(given, monkeypatch, change):
    """The same artifact in a runtime that answers otherwise."""
    run = Apart.run_batch
    monkeypatch.setattr(Apart, "run_batch", lambda self, images: change(run(self, images)))
    return run_of(given)


def test_drift_of_scores(scored, untimed, monkeypatch, tmp_path, capfd):
    baseline = tmp_path / "mine.json"
    given = ["drift", str(scored.path), "--data", str(scored.data), "--checkpoint", scored.checkpoint, "--jobs", "1"]
    given += ["--baseline", str(baseline), "--images", str(SCENES)]
    assert main([*given, "--update-baseline"]) == PASSED
    assert main([*given, "--html", str(tmp_path / "a.html")]) == PASSED
    facts = Baseline.model_validate_json(baseline.read_text("utf-8"))
    figures = facts.artifacts[scored.path.name].runtimes["onnxruntime"]
    assert {"mAP", "macro F1", f"F1, {LABELS[0]}", "same_labels", "quality_change"} <= set(figures)
    assert f"F1, {LABELS[4]}" not in figures
    worse = spoilt(scored, monkeypatch, lambda scores: np.roll(scores, 1))
    assert {"mAP", "macro F1", "same_labels", "quality_change", "sqnr_db"} <= failing(facts, worse)
    assert exit_code(compare(facts, worse)) == FAILED
    capfd.readouterr()


def test_drift_of_values(valued, untimed, monkeypatch):
    before = run_of(valued)
    assert verdict(compare(before.facts, before)) == "PASS"
    worse = spoilt(valued, monkeypatch, lambda values: values + np.float32([0, 0, 2, 0, 0]))
    found = failing(before.facts, worse)
    assert {"MAE", f"MAE, {LABELS[2]}", "error_change", "sqnr_db"} <= found
    assert f"MAE, {LABELS[1]}" not in found


def test_one_class_of_pixels(head, tmp_path, capfd):
    """Intersections and unions by NumPy, of the pixels that are not 255; the answers are transformers'."""
    saved, written = head(SEGMENTER)
    given, data = str(written.path), tmp_path / "data"
    checkpoint = load_checkpoint(saved, task="segmentation").cropping(HEAD_SIDE, HEAD_SIDE)
    model = transformers.MobileViTForSemanticSegmentation.from_pretrained(saved).eval()
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (data / folder).mkdir(parents=True)
    pairs = []
    for index in range(6):
        image = render("validation", index).image
        mask = Image.fromarray(rng.choice(np.uint8([0, 1, 255]), image.size[::-1], p=[0.4, 0.4, 0.2]))
        image.save(data / "images" / f"{index}.png")
        mask.save(data / "masks" / f"{index}.png")
        inputs = checkpoint.processor(image, mask, return_tensors="pt")
        with torch.inference_mode():
            logits = model(inputs["pixel_values"]).logits
        there = torch.nn.functional.interpolate(logits, size=(HEAD_SIDE, HEAD_SIDE), mode="bilinear")[0, 0] > 0
        pairs.append((inputs["labels"][0].numpy(), there.numpy()))
    truth, said = (np.stack(each) for each in zip(*pairs))
    known = truth != 255
    assert 0.1 < (~known).mean() < 0.3
    expected = [
        100 * (known & (truth == value) & (said == value)).sum() / (known & ((truth == value) | (said == value))).sum()
        for value in (0, 1)
    ]
    result = accuracy([given], data=str(data), checkpoint=saved)
    assert result.labels == ["all else", "background"]
    assert result.reference.outcome.per_class(2)["IoU"] == pytest.approx(expected, abs=0.1)
    assert result.artifacts[0].outcome.figure("mIoU") == pytest.approx(np.mean(expected), abs=0.5)
    options = ["--data", str(data), "--checkpoint", saved, "--jobs", "1", "-v", "--html", str(tmp_path / "a.html")]
    assert main(["accuracy", given, *options]) == PASSED
    assert "all else" in capfd.readouterr().out
    Image.fromarray(np.full(said.shape[1:], 2, np.uint8)).save(data / "masks" / "0.png")
    with pytest.raises(UserError, match=r"0\.png has the value 2, but the checkpoint's 1 labels are 0\.\.1"):
        accuracy([given], data=str(data), checkpoint=saved)


def test_refusals(scored, valued, tmp_path, capfd):
    for given, said in ((scored, "no scores"), (valued, "no values")):
        assert main(["accuracy", str(given.path), "--checkpoint", given.checkpoint]) == 2
        assert said in capfd.readouterr().err
        assert open_artifacts([given.path])[0].manifest.answer.meaning == said.split()[1]
        (tmp_path / LABELS[0]).mkdir(exist_ok=True)
        Image.new("RGB", (9, 9)).save(tmp_path / LABELS[0] / "a.png")
        assert main(["accuracy", str(given.path), "--checkpoint", given.checkpoint, "--data", str(tmp_path)]) == 2
        assert "cannot read" in capfd.readouterr().err
    (tmp_path / "labels.csv").write_text(f"file,label\n{LABELS[0]}/a.png,\n")
    assert main(["accuracy", str(scored.path), "--checkpoint", scored.checkpoint, "--data", str(tmp_path)]) == 2
    assert "has no label for any of 1 images" in capfd.readouterr().err
