"""Results of phones, made by real LiteRT runs: the gates of a run here; and wrong ones, which must fail."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from reference.errors import UserError
from reference.golden import golden_path, golden_set, read_golden
from validation import import_device, parity
from validation.__main__ import main
from validation.artifact import app_processor
from validation.checks.pictures import pictures_of
from validation.device.export import Device, DeviceAnswer, DeviceResults, DeviceRun
from validation.results import FAILED, NOT_RUN_BUT_REQUIRED, PASSED, USAGE, exit_code

from . import mistaken

RUNTIME = "litert, CPU, 1 threads"


@pytest.fixture(scope="module")
def models(tflite, demo, tmp_path_factory):
    """A folder as an app has it."""
    written = tflite("float16")
    folder = tmp_path_factory.mktemp("models")
    mistaken.copy_of(written.path, folder)
    golden_set(demo, written.manifest).write(golden_path(folder / written.path.name))
    return folder


@pytest.fixture(scope="module")
def results(models, tflite):
    """What a phone would export: LiteRT's answers to the golden crops, and to crops made here."""
    from ai_edge_litert.interpreter import Interpreter

    written = tflite("float16")
    golden = read_golden(golden_path(models / written.path.name))
    serve = Interpreter(str(written.path)).get_signature_runner()
    crop = app_processor(written.manifest).resize_and_crop

    def answer(picture, pixels, exact):
        (value,) = serve(image=np.asarray(pixels, np.float32)[None]).values()
        return DeviceAnswer(picture=picture.name, exact_pixels=exact, answer=value[0].astype("<f4").tobytes())

    answers = []
    for picture in golden.pictures:
        answers.append(answer(picture, Image.open(io.BytesIO(picture.crop_png)), True))
        answers.append(answer(picture, crop(Image.open(io.BytesIO(picture.png))), False))
    run = DeviceRun(
        artifact=written.path.name, sha256=written.manifest.artifact.sha256, runtime="litert", accelerator="CPU",
        threads=1, load_ms=8.0, compile_ms=6.0, warm_up=2, preprocessing_ms=[1.0, 3.0, 2.0],
        inference_ms=[4.0, 10.0, 5.0], thermal_state="fair", peak_mib=None, answers=answers,
    )  # fmt: skip
    device = Device(model="Pixel 8", system="Android 15", app="1.0", soc="Google Tensor G3")
    return DeviceResults(schema_version=1, device=device, recorded_at="2026-01-31T12:00:00Z", runs=[run])


def written_to(folder, results, **changes):
    """The export as a file, its run changed."""
    changed = results.model_copy(update={"runs": [results.runs[0].model_copy(update=changes)]})
    path = folder / "results.json"
    path.write_text(changed.model_dump_json(), "utf-8")
    return path


def answers(results, **changes):
    """The answers, the first one changed."""
    first, *rest = results.runs[0].answers
    return {"answers": [first.model_copy(update=changes), *rest]}


def values(found):
    return {check.check: check.value for check in found.checks}


def test_a_sound_phone_passes_with_the_figures_of_a_run_here(results, models, tmp_path):
    exact, own = import_device(written_to(tmp_path, results), models)
    assert exit_code([exact, own]) == PASSED
    assert (exact.runtime, own.runtime) == (RUNTIME, f"{RUNTIME}, own crop")
    artifact = models / results.runs[0].artifact
    (here,) = parity([artifact], golden=golden_path(artifact))
    for name, value in values(here).items():
        assert values(exact)[name] == pytest.approx(value, abs=1e-5, rel=1e-2)
    told = values(exact)
    assert (told["load_ms"], told["compile_ms"], told["preprocessing_ms"], told["inference_ms"]) == (8, 6, 2, 5)
    assert told["inference_p90_ms"] == pytest.approx(np.percentile([4, 10, 5], 90))
    assert "peak_mib" not in told
    bounded = {check.check for check in own.checks if check.bound is not None}
    assert bounded == {"top1_agreement"}, "pixels of one's own crop may lie a rounding away"


@pytest.mark.parametrize(
    ("wait", "before", "after", "says"),
    [
        (None, None, None, "3 runs after 2"),
        (0.0, "nominal", "nominal", "3 runs after 2; thermal state nominal"),
        (60000.0, "serious", "fair", "after 2; thermal state serious, then fair; after a wait of 60 s; a warm device"),
        (1000.0, "nominal", "fair", "after 2; thermal state nominal, then fair; after a wait of 1 s; a warm device"),
    ],
)
def test_the_heat_of_the_device_is_told_beside_its_times(results, models, tmp_path, wait, before, after, says):
    heat = {"wait_ms": wait, "thermal_state_before": before, "thermal_state": after}
    told, _ = import_device(written_to(tmp_path, results, **heat), models)
    reasons = {check.check: check.reason for check in told.checks}
    assert says in reasons["inference_ms"]
    assert ("a warm device" in reasons["inference_ms"]) == ("a warm device" in says)


def test_exports_of_before_the_heat_and_the_chip_were_told_are_read(results, models, tmp_path):
    path = written_to(tmp_path, results)
    export = json.loads(path.read_text("utf-8"))
    for name in ("wait_ms", "thermal_state_before", "compile_ms"):
        del export["runs"][0][name]
    del export["device"]["soc"]
    path.write_text(json.dumps(export), "utf-8")
    assert exit_code(import_device(path, models)) == PASSED


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda results: {"sha256": "0" * 64}, "ran another file"),
        (lambda results: answers(results, answer=results.runs[0].answers[0].answer[:-4]), "29 values"),
        (lambda results: answers(results, answer=np.full(30, np.nan, "<f4").tobytes()), "not a finite number"),
        (lambda results: answers(results, picture="999"), "no picture 999"),
        (lambda results: {"answers": results.runs[0].answers[1:]}, "no answer to picture 000"),
        (lambda results: {"answers": []}, "there are none"),
        (lambda results: {"answers": results.runs[0].answers[1::2]}, "none to the golden crops"),
        (lambda results: answers(results, answer=results.runs[0].answers[2].answer), "weights rounded to 11 bits"),
    ],
    ids=[
        "other file",
        "short",
        "NaN",
        "unknown picture",
        "missing",
        "none",
        "own crops alone",
        "another picture's answer",
    ],
)
def test_wrong_results_fail(results, models, tmp_path, change, says):
    found = import_device(written_to(tmp_path, results, **change(results)), models)
    assert exit_code(found) == FAILED
    reasons = [check.reason for each in found for check in each.checks if check.verdict == "FAIL"]
    assert any(says in reason for reason in reasons), reasons


def test_no_runs_are_no_pass(results, models, tmp_path, capfd):
    path = tmp_path / "none.json"
    path.write_text(results.model_copy(update={"runs": []}).model_dump_json(), "utf-8")
    given = ["import-device", str(path), "--models", str(models)]
    assert main(given) == NOT_RUN_BUT_REQUIRED
    baseline = tmp_path / "phone.json"
    assert main([*given, "--baseline", str(baseline)]) == NOT_RUN_BUT_REQUIRED
    assert main([*given, "--baseline", str(baseline), "--update-baseline"]) == USAGE
    assert "has no runs to write a baseline of" in capfd.readouterr().err
    assert not baseline.exists()


def test_refusals(results, models, tmp_path, capfd):
    path = written_to(tmp_path, results)
    assert main(["import-device", str(path), "--models", str(tmp_path)]) == USAGE
    assert "does not exist" in capfd.readouterr().err
    artifact = mistaken.copy_of(models / results.runs[0].artifact, tmp_path)
    assert main(["import-device", str(path), "--models", str(tmp_path)]) == USAGE
    assert "cannot read" in capfd.readouterr().err
    golden = json.loads(golden_path(models / artifact.name).read_text("utf-8"))
    golden_path(artifact).write_text(json.dumps({**golden, "sha256": "1" * 64}), "utf-8")
    with pytest.raises(UserError, match="bounds_sha256 differs"):
        import_device(path, tmp_path)
    assert main(["import-device", str(path), "--models", str(models), "--update-baseline"]) == USAGE
    path.write_text(path.read_text("utf-8").replace('"load_ms":8.0', '"load_ms":-1'), "utf-8")
    with pytest.raises(UserError, match="load_ms"):
        import_device(path, models)


@pytest.mark.parametrize("place", ["../{0.name}/{1}", "{0}/{1}", "..", ".", "", "a/{1}", "{1}/"])
def test_names_stay_in_the_folder(results, models, tmp_path, place):
    name = place.format(models, results.runs[0].artifact)
    with pytest.raises(UserError, match="which is no file name"):
        import_device(written_to(tmp_path, results, artifact=name), models)


def test_names_of_a_device_are_text_in_every_report(results, models, tmp_path, capfd):
    """Whoever wrote the results wrote them; a control character would be no XML."""
    path = written_to(tmp_path, results, accelerator="[/b]\x1b[31m\x00\ufffe")
    files = [tmp_path / name for name in ("r.xml", "r.md", "r.html")]
    options = [str(part) for pair in zip(("--junit", "--markdown", "--html"), files) for part in pair]
    assert main(["import-device", str(path), "--models", str(models), *options]) == PASSED
    assert "\x1b" not in capfd.readouterr().out
    cases = ElementTree.parse(files[0]).getroot().iter("testcase")
    assert all(r"litert, [/b]\x1b[31m\x00\ufffe" in case.get("classname") for case in cases)
    assert not {"\x1b", "\x00", "\ufffe"} & set("".join(file.read_text("utf-8") for file in files))


def test_beside_a_baseline_of_the_same_device(results, models, tmp_path, capfd):
    baseline = ["--models", str(models), "--baseline", str(tmp_path / "pixel.json")]
    assert main(["import-device", str(written_to(tmp_path, results)), *baseline, "--update-baseline"]) == PASSED
    slower = {"inference_ms": [8.0, 20.0, 10.0]}
    files = [tmp_path / "report.html", tmp_path / "report.json"]
    written = ["--html", str(files[0]), "--json", str(files[1])]
    assert main(["import-device", str(written_to(tmp_path, results, **slower)), *baseline, *written]) == FAILED
    failed = [
        check["check"]
        for each in json.loads(files[1].read_text("utf-8"))["results"]
        for check in each["checks"]
        if check["verdict"] == "FAIL"
    ]
    assert failed == ["inference_ms", "inference_p90_ms"]
    assert "<title>Pixel 8, Android 15, Google Tensor G3: FAIL</title>" in files[0].read_text("utf-8")
    elsewhere = results.model_copy(update={"device": results.device.model_copy(update={"model": "Pixel 9"})})
    assert main(["import-device", str(written_to(tmp_path, elsewhere, **slower)), *baseline]) == PASSED
    out = capfd.readouterr().out
    assert max(map(len, out.splitlines())) <= 100


def test_a_golden_set_needs_no_checkpoint(results, models, tmp_path, monkeypatch, capfd):
    artifact = models / results.runs[0].artifact
    (usual,) = parity([artifact], images=pictures_of(read_golden(golden_path(artifact))))

    def none(*arguments):
        raise AssertionError("there is no checkpoint here")

    monkeypatch.setattr("reference.checkpoints.load_checkpoint", none)
    (stored,) = parity([artifact], golden=golden_path(artifact))
    assert values(stored) == pytest.approx(values(usual), abs=1e-6)
    wrong = mistaken.copy_of(artifact, tmp_path)
    mistaken.describe_anew(wrong, preprocessing__resize_shortest_edge=400)
    assert main(["parity", str(artifact), "--golden", str(golden_path(artifact))]) == PASSED
    assert main(["parity", str(wrong), "--golden", str(golden_path(artifact))]) == FAILED
    capfd.readouterr()
