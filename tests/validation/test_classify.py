"""`python -m validation classify`."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from reference.demo.picture import SAMPLE, SAMPLE_INDEX
from reference.scenes import LABELS, label_of
from validation.__main__ import main
from validation.results import FAILED

from . import mistaken


@pytest.fixture(scope="module")
def artifact(tflite):
    return tflite("none", "uint8").path


def test_reference_and_artifact_side_by_side(artifact, capfd):
    assert main(["classify", str(artifact), "--image", str(SAMPLE)]) == 0
    out = capfd.readouterr().out
    assert out.count(LABELS[label_of("validation", SAMPLE_INDEX)]) == 2, "both must name the sample's class"
    assert "PyTorch" in out
    assert "LiteRT" in out
    assert max(map(len, out.splitlines())) <= 100


def test_labels_are_no_markup(artifact, tmp_path, capfd):
    """Of rich, which prints the tables: it would leave them out, or end in an error."""
    wrong = mistaken.copy_of(artifact, tmp_path)
    mistaken.describe_anew(wrong, labels=lambda labels: [f"[{label}][/b]" for label in labels])
    picture = tmp_path / "[red].png"
    picture.write_bytes(SAMPLE.read_bytes())
    assert main(["classify", str(wrong), "--image", str(picture)]) == 0
    out = capfd.readouterr().out
    assert f"[{LABELS[label_of('validation', SAMPLE_INDEX)]}][/b]" in out
    assert "[red].png" in out


MISFITS = {
    "input's name": {"input__name": "stranger"},
    "output's name": {"outputs": lambda outputs: [{**outputs[0], "name": "stranger"}]},
    "dtype": {"input__dtype": "float32"},
    "crop": {
        "preprocessing__crop_height": 128,
        "preprocessing__crop_width": 128,
        "input__shape": lambda shape: [shape[0], 128, 128, shape[3]],
    },
    "labels": {"labels": lambda labels: labels[:-1], "outputs": lambda outputs: [{**outputs[0], "shape": [1, 29]}]},
}


@pytest.mark.parametrize(
    ("command", "misfit"),
    # The data set has 30 classes, and is refused with 29 labels before the artifact is.
    [*(("classify", name) for name in MISFITS), *(("accuracy", name) for name in MISFITS if name != "labels")],
)
def test_an_artifact_that_does_not_fit_its_manifest_is_one_line(artifact, tmp_path, capfd, command, misfit):
    wrong = mistaken.copy_of(artifact, tmp_path)
    mistaken.describe_anew(wrong, **MISFITS[misfit])
    options = {"classify": ["--image", str(SAMPLE)], "accuracy": ["--images", "2", "--jobs", "2"]}
    assert main([command, str(wrong), *options[command]]) == FAILED
    said = capfd.readouterr()
    assert "Traceback" not in said.err
    told = "".join(said.out.replace("│", "").split())
    assert "FAIL" in told
    assert "doesnotfititsmanifest" in told


@pytest.mark.skipif(sys.platform == "darwin", reason="Core ML runs here")
def test_core_ml_elsewhere_is_the_projects_own_executor_and_says_so(mlpackage, capfd):
    assert main(["classify", str(mlpackage("float16").path), "--image", str(SAMPLE)]) == 0
    out = capfd.readouterr().out
    assert out.count(LABELS[label_of("validation", SAMPLE_INDEX)]) == 2
    assert "not" in out
    assert "Apple's)" in out
    assert "┓" in out, "the table is as wide as the line, not wider"


@pytest.mark.skipif(sys.platform == "darwin", reason="Core ML runs here")
def test_without_coremltools_nothing_reads_an_mlpackage(mlpackage, capfd, monkeypatch):
    package = str(mlpackage("float16").path)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "coremltools" else found(name))
    assert main(["classify", package, "--image", str(SAMPLE)]) == 0
    out = capfd.readouterr().out
    assert "NOT RUN" in out
    assert "coremltools is not installed" in out


def test_refusals(artifact, tmp_path, capfd):
    (tmp_path / "words.png").write_text("no image")
    assert main(["classify", str(artifact), "--image", str(tmp_path / "words.png")]) == 2
    assert "is not an image" in capfd.readouterr().err
    assert main(["classify", str(tmp_path / "none.tflite"), "--image", str(SAMPLE)]) == 2
    assert "convert it first" in capfd.readouterr().err
    assert main(["classify", str(artifact), "--image", str(SAMPLE), "--checkpoint", "random"]) == 2
    assert "made from other weights" in capfd.readouterr().err
