"""The HTML report, as a browser shows it: nothing missing, and the figures of the JSON."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reference.errors import UserError
from validation.__main__ import main
from validation.artifact import File, open_artifacts
from validation.checks.accuracy import Accuracies, Accuracy, accuracy
from validation.checks.accuracy.outcomes import Segmented
from validation.checks.parity import Parity, parity
from validation.datasets import Scenes
from validation.reporting.formats import shown
from validation.reporting.page import Page, as_html
from validation.reporting.page.charts import scatters
from validation.reporting.page.examples import DIFFERENT, worst_of_accuracy, worst_of_parity
from validation.reporting.page.plot_data import by_label, histograms, measured, profiles
from validation.results import Check, Judged

from . import mistaken
from .browser import open_page

WIDTHS = (400, 1200)
# What a reader sees: the cells of tables, the lengths of bars, the words, and whether anything sticks out.
SEEN = """
const cells = (selector) => [...document.querySelectorAll(selector)].map(
  (row) => [...row.cells].map((cell) => cell.innerText.trim()));
const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.innerText.trim());
return {
  heading: texts('h1')[0],
  checks: cells('#checks tbody tr'),
  measured: cells('#measured tbody tr'),
  labels: cells('.labels tbody tr'),
  bars: [...document.querySelectorAll('svg')].map((svg) => [...svg.querySelectorAll('.bar')].map(
    (bar) => bar.querySelector('title').textContent)),
  bad: document.querySelectorAll('.bar.bad').length,
  said: texts('.diagnosis li').concat(texts('.example figcaption')),
  broken: [...document.images].filter((image) => !image.naturalWidth || !image.alt).length,
  pictures: document.images.length,
  unnamed: [...document.querySelectorAll('svg, table')].filter((e) => !e.querySelector('title, caption')).length,
  sticksOut: document.documentElement.scrollWidth > innerWidth,
  outside: [...document.querySelectorAll('[src], [href]')].filter(
    (e) => !(e.getAttribute('src') ?? e.getAttribute('href')).startsWith('data:')).length,
  data: JSON.parse(document.getElementById('results').textContent),
};
"""


@pytest.fixture(scope="module")
def wrong(tflite, tmp_path_factory):
    """Its channels are swapped."""
    artifact = mistaken.copy_of(tflite("none").path, tmp_path_factory.mktemp("wrong"))

    def swap(model, weights):
        stem = weights(mistaken.convolution_weights(model))
        stem[:] = stem[..., ::-1].copy()

    mistaken.edit_tflite(artifact, swap)
    mistaken.describe_anew(artifact)
    return artifact


@pytest.mark.processes
def test_in_a_browser(tflite, wrong, photographs, tmp_path):
    artifacts, pictures = open_artifacts([tflite("float16").path, wrong]), photographs[:3]
    compared = parity(artifacts, images=pictures)
    foreign = Check(
        artifact="</script><b>.tflite", runtime="litert", check="run", verdict="NOT RUN", reason="<i>no</i> & none"
    )
    results = [*compared, Judged(foreign.artifact, foreign.runtime, [foreign])]
    accuracies = accuracy(artifacts, images=6)
    page = Page(
        "parity",
        results,
        histograms(compared),
        profiles(pictures[0], compared),
        measured(artifacts, accuracies, {artifacts[0].label: 0.5, artifacts[1].label: 0.25}),
        by_label(accuracies),
        worst_of_parity(compared, pictures, ["a.png", "b.png", "c.png"]) + worst_of_accuracy(accuracies),
        {"made": "today"},
    )
    path = tmp_path / "page.html"
    path.write_text(as_html(page), "utf-8")
    seen, console = open_page(path, SEEN, WIDTHS)
    assert console == []
    for each in seen:
        assert (each["sticksOut"], each["broken"], each["unnamed"], each["outside"]) == (False, 0, 0, 0)
    narrow, wide = seen
    assert narrow == wide, "the same at any width"
    data = wide["data"]
    assert data == json.loads(json.dumps(page.facts()))
    assert wide["heading"] == "Parity FAIL"

    checks = [Check.model_validate(check) for each in data["results"] for check in each["checks"]]
    assert len(wide["checks"]) == len(checks) > 10
    for cells, check in zip(wide["checks"], checks):
        assert cells[:2] == [check.artifact, check.runtime]
        said = shown(check)
        assert cells[2:6] == [said.name, said.value, said.bound, check.verdict]
        if check.verdict != "NOT RUN" and check.value is not None:
            assert float(cells[3].replace(",", "")) == pytest.approx(check.value, rel=1e-3)
    for cells, row in zip(wide["measured"], data["measured"], strict=True):
        assert cells[1] == row["model"]
        assert cells[5] == f"{row['figures']['top-1']:.2f}"
        assert cells[4] == ("" if row["latency_ratio"] is None else f"{row['latency_ratio']:.2f}")
    for cells, row in zip(wide["labels"], data["labels"], strict=True):
        assert cells == [row["label"], *(f"{value:.2f}" for value in (row["reference"], *row["artifacts"].values()))]
    lost = [row["reference"] - min(row["artifacts"].values()) for row in data["labels"]]
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0
    drawn = [bars for bars in wide["bars"] if bars]
    counts = [[int(bar.split()[0].replace(",", "")) for bar in bars] for bars in drawn[: len(data["histograms"])]]
    assert counts == [each["counts"] for each in data["histograms"]]
    layers = [[bar.rsplit(": ", 1)[0] for bar in bars] for bars in drawn[len(data["histograms"]) :]]
    assert layers == [[layer["module"] for layer in each["layers"]] for each in data["profiles"]]
    assert (
        0
        < wide["bad"]
        == sum(layer["sqnr_db"] < each["bound_db"] for each in data["profiles"] for layer in each["layers"])
    )
    assert any("the channels are swapped" in line for line in wide["said"])
    assert wide["pictures"] == len(data["examples"]) > 4
    assert all(any(line in said for said in wide["said"]) for each in data["examples"] for line in each["lines"])


def test_histograms_count_every_value():
    errors = np.array([[0.0, 1e-20, 3e-7], [2e-3, 0.5, 1e9]])
    (each,) = histograms([Parity(File(Path("a"), "a"), "r", [], expected=np.zeros((2, 3)), answers=errors)])
    assert each.equal == 1
    assert sum(each.counts) == 5
    low, high = np.searchsorted(each.edges, [np.log10(3e-7), np.log10(2e-3)]) - 1
    assert each.counts[low] == each.counts[high] == each.counts[0] == 1


@pytest.mark.parametrize(
    ("labels", "palette", "ground"),
    [(["ground", "sky"], ["#000000", "#00FF00"], "ground"), (["sky"], ["#00FF00"], "all else")],
)
def test_class_maps_and_where_they_differ(tflite, tmp_path, photographs, labels, palette, ground):
    artifact = mistaken.copy_of(tflite("none").path, tmp_path)
    changes = {"task": "segmentation", "labels": labels, "palette": palette}
    mistaken.describe_anew(artifact, **changes)
    path = artifact.with_name(artifact.name + ".manifest.json")
    path.write_text(path.read_text("utf-8").replace('"probabilities"', '"class_map"'), "utf-8")
    (opened,) = open_artifacts([artifact])
    size = opened.manifest.preprocessing.crop_height
    expected = np.zeros((2, size, size), np.int32)
    expected[:, : size // 2] = 1
    answers = expected.copy()
    answers[1, :, : size // 4] = 0
    compared = [Parity(opened, "litert", [], expected=expected, answers=answers)]
    (example,) = worst_of_parity(compared, photographs[:2], ["a.png", "b.png"])
    assert example.name == "b.png", "where nothing differs there is nothing to show"
    assert example.lines[1] == f"most often sky by the reference, {ground} here"
    _, reference, ours, differ = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.png.split(",")[1]))).convert("RGB"))
        for picture in example.pictures
    )
    side = len(reference)
    green = [(image == (0, 255, 0)).all(axis=-1) for image in (reference, ours)]
    assert [mask.mean() for mask in green] == [0.5, 0.375]
    assert np.array_equal((differ == DIFFERENT).all(axis=-1), green[0] & ~green[1])
    assert side == reference.shape[1]


def test_a_segmenter_that_lost_no_picture_has_none_to_show(tflite, tmp_path, photographs):
    """As one does whose answers are the reference's own."""
    (artifact,) = open_artifacts([tflite("none").path])
    outcome = Segmented(np.array([[[9, 1], [0, 6]]]))
    same = Accuracy("a", "LiteRT", outcome, artifact)
    accuracies = Accuracies(
        Accuracy("checkpoint", "PyTorch", outcome), [same], ["0"], ["a", "b"], Scenes("features", 1)
    )
    assert worst_of_accuracy(accuracies) == []
    with pytest.raises(UserError, match="no pictures to compare on"):
        parity([artifact], images=[])


def test_plots_need_two_points(tflite):
    assert scatters(measured(open_artifacts([tflite("none").path]), None, {})) == []


def test_the_commands_write_it(tflite, tmp_path, capfd):
    files = [tmp_path / "deep" / name for name in ("parity.html", "accuracy.html")]
    artifact = str(tflite("none").path)
    assert main(["parity", artifact, "--images", "reference/demo/sample.png", "--html", str(files[0])]) == 0
    assert main(["accuracy", artifact, "--images", "4", "--jobs", "1", "--html", str(files[1])]) == 0
    for file, title in zip(files, ("parity: PASS", "accuracy")):
        assert f"<title>{title}</title>" in file.read_text("utf-8")
    capfd.readouterr()
