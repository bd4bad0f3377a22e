"""Artifacts as values: named apart, read, hashed and compared with one reference once in a run."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference.checkpoints
import reference.manifest
import validation.checks.latency
from reference.errors import UserError
from reference.manifest import Manifest, manifest_path
from validation import latency, parity, structure
from validation.__main__ import main
from validation.artifact import Broken, References, files, open_artifacts, opened
from validation.runtimes import RUNTIMES, NotRun, load
from validation.runtimes.runtime import app_answer

from . import mistaken


@pytest.fixture
def counted(monkeypatch):
    """How often this process read a manifest, hashed an artifact, and loaded a checkpoint."""
    counts: Counter[str] = Counter()

    def count(module, function, what, of=lambda *arguments: True):
        original = getattr(module, function)

        def counting(*arguments, **options):
            counts[what] += of(*arguments)
            return original(*arguments, **options)

        monkeypatch.setattr(module, function, counting)

    count(reference.manifest, "read_strict", "manifests", lambda path, kind, *rest: kind is Manifest)
    count(reference.manifest, "digest", "hashes")
    count(reference.checkpoints, "read_checkpoint_files", "references")
    return counts


def labels(*paths: str) -> list[str]:
    return [each.label for each in files(paths)]


def test_labels_are_the_shortest_endings_that_differ():
    assert labels("/a/m.tflite", "/a/n.tflite") == ["m.tflite", "n.tflite"]
    assert labels("/a/old/m.tflite", "/a/new/m.tflite", "/b/n.onnx") == ["old/m.tflite", "new/m.tflite", "n.onnx"]
    assert labels("/x/a/m", "/y/a/m", "/y/b/m") == ["x/a/m", "y/a/m", "b/m"]
    assert labels("/m", "/a/m") == ["/m", "a/m"]
    here = Path.cwd().name
    assert labels("m", "new/m") == [f"{here}/m", "new/m"]


def test_a_file_given_twice_is_one():
    assert [each.path for each in files(["a/m", "./a/m", Path("a/../a/m"), os.path.abspath("a/m")])] == [Path("a/m")]


def test_a_pattern_for_all_in_a_folder_means_the_artifacts():
    given = ["b/m.tflite", "b/m.tflite.golden.json", "b/m.tflite.manifest.json", "b/n.onnx", "other.json"]
    assert [each.label for each in files(given)] == ["m.tflite", "n.onnx", "other.json"]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), max_size=12))
def test_labels_are_unique_and_end_their_paths(names):
    found = files(["/" + "/".join(each) for each in names])
    assert len({each.label for each in found}) == len(found) == len({tuple(each) for each in names})
    assert all(("/" + str(each.path)).endswith("/" + each.label) for each in found)


def test_what_is_broken_or_missing(tflite, tmp_path):
    sound = tflite("float16").path
    broken = mistaken.copy_of(sound, tmp_path)
    broken.write_bytes(sound.read_bytes() + b"1")
    found = opened([sound, broken])
    assert isinstance(found[1], Broken)
    assert found[1].label == f"{tmp_path.name}/{sound.name}"
    assert "sha256 differs" in found[1].reason
    with pytest.raises(UserError, match="sha256 differs"):
        open_artifacts([sound, broken])
    with pytest.raises(UserError, match="does not exist: convert it first"):
        opened([tmp_path / "none.tflite"])
    assert open_artifacts(open_artifacts([sound])) == open_artifacts([sound])


def test_every_check_tells_two_builds_apart(tflite, tmp_path, photographs):
    artifact = tflite("float16").path
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        mistaken.copy_of(artifact, tmp_path / name)
    paths = [tmp_path / name / artifact.name for name in ("old", "new")]
    expected = [f"old/{artifact.name}", f"new/{artifact.name}"]
    mistaken.describe_anew(paths[1], labels=lambda labels: labels[::-1])
    found = parity(paths, images=photographs[:1])
    assert [(each.label, each.checks[0].artifact) for each in found] == list(zip(expected, expected))
    assert ["manifest" in [check.check for check in each.checks] for each in found] == [False, True]
    times = latency(paths, against=str(paths[1]), runs=2, warm_up=1, loading=False)
    assert [each.model for each in times] == ["checkpoint demo, xxs", *expected]
    assert times[2].ratio == 1
    with pytest.raises(UserError, match=f"may be {expected[0]} or {expected[1]}"):
        latency(paths, against=artifact.name, runs=2)
    for path in paths:
        manifest_path(path).unlink()
    assert [each.artifact for each in structure(paths)] == expected


def test_drift_reads_hashes_and_loads_once(tflite, tmp_path, counted, capfd):
    """With the page and all, in this process alone."""
    given = ["drift", str(tflite("float16").path), "--images", "4", "--jobs", "1", "--html", str(tmp_path / "a.html")]
    main(given)
    assert counted == {"manifests": 1, "hashes": 1, "references": 1}
    assert "Layer by layer" in (tmp_path / "a.html").read_text("utf-8")


def test_latency_loads_a_second_time_to_time_it(tflite, counted, monkeypatch):
    monkeypatch.setattr(validation.checks.latency, "peak_mib", lambda work: None)  # processes of their own
    reference_, own = latency([tflite("float16").path], runs=1, warm_up=1)
    assert counted == {"manifests": 1, "hashes": 1, "references": 2}
    assert min(reference_.load_ms, own.load_ms) > 0


def test_references_are_one_for_each_checkpoint(tflite, counted, demo, tmp_path):
    written = tflite("float16").path
    smaller = mistaken.copy_of(written, tmp_path)
    sizes = {"preprocessing__crop_height": 128, "preprocessing__crop_width": 128, "input__shape": [1, 128, 128, 3]}
    mistaken.describe_anew(smaller, **sizes)
    references = References()
    crops = [references.of(each).processor.crop_size for each in open_artifacts([written, smaller, written])]
    assert crops == [{"height": 256, "width": 256}, {"height": 128, "width": 128}]
    assert counted["references"] == 1
    with pytest.raises(UserError, match="made from other weights than random"):
        References("random").of(open_artifacts([written])[0])


def test_a_format_without_a_runtime_is_not_run(tflite, tmp_path, photographs, monkeypatch):
    written = tflite("float16").path
    monkeypatch.delitem(RUNTIMES, "onnxruntime")
    artifact = tmp_path / "m.onnx"
    shutil.copyfile(written, artifact)
    shutil.copyfile(manifest_path(written), manifest_path(artifact))
    mistaken.describe_anew(artifact, artifact__format="onnx")
    (found,) = parity([artifact], images=photographs[:1])
    assert [check.verdict for check in found.checks] == ["NOT RUN"]
    with pytest.raises(NotRun, match=r"no runtime for \.onnx"):
        load(open_artifacts([artifact])[0])
    assert latency([artifact], runs=1, loading=False)[1].not_run == "there is no runtime for .onnx"


def test_answers_that_are_vectors_have_no_batch(tflite, tmp_path):
    """As Core ML gives them; a manifest may say so."""
    artifact = mistaken.copy_of(tflite("float16").path, tmp_path)
    shape = {"shape": [30], "meaning": "logits"}
    mistaken.describe_anew(artifact, outputs=lambda outputs: [{**outputs[0], **shape}])
    manifest = open_artifacts([artifact])[0].manifest
    values = np.arange(30, dtype=np.float32)
    for given_ in (values, values[None]):
        np.testing.assert_array_equal(app_answer({manifest.answer.name: given_}, manifest), values[None])
    assert json.loads(manifest.model_dump_json())["outputs"][0]["shape"] == [30]
