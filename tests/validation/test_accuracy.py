"""`python -m validation accuracy`: the same figures whoever counts, and from where an interrupted run stopped."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from reference.demo.evaluate import confusion
from reference.errors import UserError
from reference.scenes import render
from validation.__main__ import main
from validation.checks.accuracy import accuracy, batches
from validation.results import NOT_RUN_BUT_REQUIRED
from validation.runtimes import Options
from validation.runtimes.apart import Apart

from . import mistaken

SCENES = 60


@pytest.fixture(scope="module")
def artifact(tflite):
    return tflite("none").path


@pytest.fixture(scope="module")
def alone(artifact):
    return accuracy([artifact], images=SCENES)


def same(ours, theirs) -> bool:
    return all(
        np.array_equal(a.outcome.rank, b.outcome.rank) and np.array_equal(a.outcome.probability, b.outcome.probability)
        for a, b in zip([ours.reference, *ours.artifacts], [theirs.reference, *theirs.artifacts])
    )


def test_the_reference_is_as_accurate_as_its_own_evaluation_says(alone, demo):
    expected = confusion(demo, range(SCENES))[0]
    assert alone.reference.outcome.figure("top-1") == pytest.approx(100 * np.trace(expected) / SCENES)
    assert 50 < alone.reference.outcome.figure("top-1") < alone.reference.outcome.figure("top-5") <= 100
    assert np.array_equal(alone.artifacts[0].outcome.answer, alone.reference.outcome.answer), "float32 files agree"


def swap(model, weights):
    """The channels."""
    stem = weights(mistaken.convolution_weights(model))
    stem[:] = stem[..., ::-1].copy()


def test_a_wrong_artifact_loses(artifact, tmp_path, alone):
    wrong = mistaken.copy_of(artifact, tmp_path)
    mistaken.edit_tflite(wrong, swap)
    mistaken.describe_anew(wrong)
    (measured,) = accuracy([wrong], images=SCENES).artifacts
    assert measured.outcome.figure("top-1") < alone.reference.outcome.figure("top-1") - 15


@pytest.mark.processes
def test_several_processes_count_the_same(artifact, alone):
    assert same(accuracy([artifact], images=SCENES, jobs=2), alone)


@pytest.mark.processes
def test_a_process_that_dies_is_an_error_and_what_was_counted_stays(artifact, alone, tmp_path):
    def kill():
        while not (children := multiprocessing.active_children()):
            time.sleep(0.01)
        os.kill(children[0].pid, signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    with pytest.raises(UserError, match="one of 2 processes is gone"):
        accuracy([artifact], images=SCENES, jobs=2, journal_folder=tmp_path)
    killing.join()
    assert list(tmp_path.iterdir())
    assert same(accuracy([artifact], images=SCENES, journal_folder=tmp_path), alone)


@pytest.mark.deep
def test_a_cluster_counts_the_same(artifact, alone):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        assert same(accuracy([artifact], images=SCENES, scheduler=cluster.scheduler_address), alone)


def test_no_cluster(artifact, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("validation.checks.accuracy.cluster.PATIENCE", "1s")
    with pytest.raises(UserError, match="no Dask scheduler answers at"):
        accuracy([artifact], images=SCENES, scheduler="tcp://127.0.0.1:9")


@pytest.fixture
def counted(monkeypatch):
    """The batches that were begun; the second of all is interrupted."""
    begun = []
    count = batches.Models.count

    def interrupted(self, number):
        begun.append(number)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return count(self, number)

    monkeypatch.setattr(batches.Models, "count", interrupted)
    return begun


def test_an_interrupted_run_goes_on(artifact, alone, tmp_path, counted):
    with pytest.raises(KeyboardInterrupt):
        accuracy([artifact], images=SCENES, journal_folder=tmp_path)
    (journal,) = tmp_path.iterdir()
    assert json.loads(journal.read_text().splitlines()[0])[0] == 0
    with journal.open("a") as file:
        file.write("[1, [[0, 1")  # cut off in the middle
    assert same(accuracy([artifact], images=SCENES, journal_folder=tmp_path), alone)
    assert counted == [0, 1, 1, 2]
    assert list(tmp_path.iterdir()) == [], "what is done needs no journal"


@pytest.mark.deep
def test_a_run_that_is_killed_ends_with_the_same_bytes(artifact, tmp_path):
    """All of it, by the system, as soon as something is noted."""
    path = mistaken.copy_of(artifact, tmp_path)
    command = [sys.executable, "-m", "validation", "accuracy", path, "--images", "100", "--jobs", "1"]
    killed = subprocess.Popen([*command, "--json", tmp_path / "none.json"])
    while not any(each.stat().st_size for each in tmp_path.glob(".accuracy-*")):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    for name in ("resumed.json", "whole.json"):
        subprocess.run([*command, "--json", tmp_path / name], check=True)
        assert not list(tmp_path.glob(".accuracy-*"))
    assert not (tmp_path / "none.json").exists()
    assert (tmp_path / "resumed.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_a_journal_that_somebody_changed_is_counted_again(artifact, alone, tmp_path, counted, capfd):
    with pytest.raises(KeyboardInterrupt):
        accuracy([artifact], images=SCENES, journal_folder=tmp_path)
    (journal,) = tmp_path.iterdir()
    number, result, checksum = json.loads(journal.read_text())
    result[1][0][2] += 1  # the first image's rank
    journal.write_text(json.dumps([number, result, checksum]) + "\n")
    assert same(accuracy([artifact], images=SCENES, journal_folder=tmp_path), alone)
    assert counted == [0, 1, 0, 1, 2]
    assert "lines are cut off or broken" in " ".join(capfd.readouterr().out.split())


def test_other_options_begin_anew(artifact, tmp_path, counted):
    """Of Core ML, for example, what runs on the CPU rounds otherwise than what runs on the Neural Engine."""
    with pytest.raises(KeyboardInterrupt):
        accuracy([artifact], images=SCENES, journal_folder=tmp_path)
    accuracy([artifact], images=SCENES, journal_folder=tmp_path, options=Options(compute_units="CPU_ONLY"))
    assert counted == [0, 1, 0, 1, 2]


def test_artifacts_in_a_folder_that_cannot_be_written(artifact, alone, monkeypatch, capfd):
    opened = Path.open

    def read_only(self, mode="r", *arguments, **options):
        if self.parent == artifact.parent and "r" not in mode:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", read_only)
    assert main(["accuracy", str(artifact), "--images", "5", "--jobs", "1"]) == 0
    assert "takes no notes" in capfd.readouterr().out


def test_two_builds_under_one_name(artifact, tmp_path, alone, capfd):
    """Each has its own figures, label, row and check."""
    old, new = (tmp_path / name for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
    sound, wrong = mistaken.copy_of(artifact, old), mistaken.copy_of(artifact, new)
    mistaken.edit_tflite(wrong, swap)
    mistaken.describe_anew(wrong)
    files = [tmp_path / name for name in ("a.json", "a.md", "a.xml", "a.html")]
    options = zip(("--json", "--markdown", "--junit", "--html"), map(str, files))
    given = ["accuracy", str(sound), str(wrong), "--images", str(SCENES), "--jobs", "1"]
    assert main([*given, *(part for pair in options for part in pair)]) == 0
    out = capfd.readouterr().out
    labels = [f"{folder}/{artifact.name}" for folder in ("old", "new")]
    told = json.loads(files[0].read_text("utf-8"))
    figures = {
        (check["artifact"], check["check"]): check["value"] for each in told["results"] for check in each["checks"]
    }
    right = alone.reference.outcome.figure("top-1")
    assert figures[alone.reference.label, "top-1"] == figures[labels[0], "top-1"] == pytest.approx(right)
    assert figures[labels[1], "top-1"] < right - 15
    assert figures[labels[1], "points lost"] == pytest.approx(right - figures[labels[1], "top-1"])
    assert [each["model"] for each in told["measured"]] == [alone.reference.label, *labels]
    assert told["measured"][2]["lost"][1] < figures[labels[1], "points lost"] < told["measured"][2]["lost"][2]
    assert all(label[:16] in out for label in labels), "tables break long names"
    for file in (files[1], files[3]):
        assert all(label in file.read_text("utf-8") for label in labels)
    assert f"| {labels[1]} | LiteRT | top-1, % | {figures[labels[1], 'top-1']:.4g} |" in files[1].read_text("utf-8")
    suite = ElementTree.parse(files[2]).getroot().find("testsuite")
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("accuracy", "8", "0")


def test_what_did_not_run_is_in_the_reports(artifact, tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    given = ["accuracy", str(artifact), "--images", "5", "--json", str(tmp_path / "a.json")]
    assert main(given) == NOT_RUN_BUT_REQUIRED
    told = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert told["verdict"] == "NOT RUN"
    assert "ai-edge-litert is not installed" in told["results"][0]["checks"][0]["reason"]
    assert "NOT RUN" in capfd.readouterr().out


def test_logits_of_a_classifier_are_as_right_as_their_probabilities(artifact, alone, tmp_path, monkeypatch):
    """By a runtime that answers with the logarithms of the probabilities, and a manifest that says logits."""
    logits = mistaken.copy_of(artifact, tmp_path)
    mistaken.describe_anew(logits, outputs=lambda outputs: [{**outputs[0], "meaning": "logits"}])
    run = Apart.run_batch
    monkeypatch.setattr(Apart, "run_batch", lambda self, images: np.log(run(self, images)) + 7)
    (measured,) = accuracy([logits], images=SCENES).artifacts
    assert np.array_equal(measured.outcome.rank, alone.artifacts[0].outcome.rank)
    # exp and log of float32 numbers up to 30: a few units in the last place.
    np.testing.assert_allclose(measured.outcome.probability, alone.artifacts[0].outcome.probability, atol=1e-5)


def test_on_a_folder_of_ones_own(artifact, tmp_path, capfd):
    lines = ["file,label"]
    for index in range(6):
        scene = render("validation", index)
        scene.image.save(tmp_path / f"{index}.png")
        lines.append(f"{index}.png,{scene.label}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    assert main(["accuracy", str(artifact), "--data", str(tmp_path), "--jobs", "1", "-v"]) == 0
    out = capfd.readouterr().out
    assert "6 images" in out
    assert "worst images of mobilevit_xxs_demo_float32.tflite" in out
    assert max(map(len, out.splitlines())) <= 100


def test_refusals(artifact, mlpackage, tmp_path, capfd):
    other = mistaken.copy_of(artifact, tmp_path)
    mistaken.describe_anew(other, preprocessing__crop_height=192, input__shape=[1, 192, 256, 3])
    assert main(["accuracy", str(artifact), str(other)]) == 2
    assert "different checkpoints or input sizes" in capfd.readouterr().err
    mistaken.describe_anew(
        other,
        preprocessing__crop_height=256,
        input__shape=[1, 256, 256, 3],
        outputs=lambda outputs: [{**outputs[0], "meaning": "scores"}],
    )
    assert main(["accuracy", str(other)]) == 2
    assert "the rendered scenes have one class each and no scores" in capfd.readouterr().err
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("file,label\na.png,0|1\n")
    assert main(["accuracy", str(other), "--data", str(tmp_path)]) == 2
    assert "answers with scores, its checkpoint with probabilities: convert it again" in capfd.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["accuracy", str(artifact), "--data", str(tmp_path / "none")])
    assert end.value.code == 2
    assert "there is no folder" in capfd.readouterr().err
