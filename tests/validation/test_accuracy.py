"""`python -m validation accuracy`: the same figures whoever counts, and from where an interrupted run stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reference.demo.evaluate import confusion
from reference.errors import UserError
from reference.scenes import render
from validation.__main__ import main
from validation.checks.accuracy import accuracy, batches
from validation.checks.accuracy.batches import Job, count_all
from validation.datasets import Scenes
from validation.runtimes import DEFAULT_OPTIONS

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
    assert alone.reference.outcome.percent("top-1") == pytest.approx(100 * np.trace(expected) / SCENES)
    assert 50 < alone.reference.outcome.percent("top-1") < alone.reference.outcome.percent("top-5") <= 100
    assert np.array_equal(alone.artifacts[0].outcome.answer, alone.reference.outcome.answer), "float32 files agree"


def test_a_wrong_artifact_loses(artifact, tmp_path, alone):
    wrong = mistaken.copy_of(artifact, tmp_path)

    def swap(model, weights):
        stem = weights(mistaken.convolution_weights(model))
        stem[:] = stem[..., ::-1].copy()

    mistaken.edit_tflite(wrong, swap)
    mistaken.describe_anew(wrong)
    (measured,) = accuracy([wrong], images=SCENES).artifacts
    assert measured.outcome.percent("top-1") < alone.reference.outcome.percent("top-1") - 15


def test_several_processes_count_the_same(artifact, alone):
    assert same(accuracy([artifact], images=SCENES, jobs=2), alone)


def test_a_cluster_counts_the_same(artifact, alone):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        assert same(accuracy([artifact], images=SCENES, scheduler=cluster.scheduler_address), alone)


def test_no_cluster(artifact):
    pytest.importorskip("distributed")
    with pytest.raises(UserError, match="no Dask scheduler answers at"):
        accuracy([artifact], images=SCENES, scheduler="tcp://127.0.0.1:9")


def test_an_interrupted_run_goes_on(artifact, alone, tmp_path, monkeypatch):
    job = Job((artifact,), None, Scenes("classification", SCENES), DEFAULT_OPTIONS)
    journal = tmp_path / f".accuracy-{job.key}.jsonl"
    first, _ = next(count_all(job, jobs=1, scheduler=None, journal=journal))
    with journal.open("a") as file:
        file.write("[1, [[0, 1")  # cut off in the middle
    assert json.loads(journal.read_text().splitlines()[0])[0] == first == 0
    counted = []
    count = batches.count
    monkeypatch.setattr(batches, "count", lambda job, number: counted.append(number) or count(job, number))
    assert same(accuracy([artifact], images=SCENES, journal_folder=tmp_path), alone)
    assert counted == [1, 2]
    assert list(tmp_path.iterdir()) == [], "what is done needs no journal"


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
    mistaken.describe_anew(other, preprocessing__crop_height=192)
    assert main(["accuracy", str(artifact), str(other)]) == 2
    assert "different checkpoints or input sizes" in capfd.readouterr().err
    assert main(["accuracy", str(artifact), "--data", str(tmp_path / "none")]) == 2
    assert "there is no folder" in capfd.readouterr().err
