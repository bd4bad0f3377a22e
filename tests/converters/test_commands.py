"""The commands as people type them: what they print, what they leave behind, how they refuse."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from converters.artifact import check_place
from converters.conversion import begin
from converters.coreml.options import CoreMLOptions
from converters.tflite.options import TFLiteOptions
from reference.errors import UserError
from reference.golden import golden_path, golden_set, read_golden
from reference.image_processor import MobileViTImageProcessor
from reference.manifest import digest, manifest_path, read_manifest

from .conftest import names_in

ROOT = Path(__file__).parent.parent.parent
CORE_ML = pytest.param("converters.coreml", marks=pytest.mark.writes_packages)
MODULES = [CORE_ML, "converters.tflite", "converters.onnx"]


def command(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, **options
    )


@pytest.fixture
def refusal(capfd):
    """The one line that a command refuses with; called in this process, as a new one takes seconds to begin."""

    def refuse(module: str, *arguments: str) -> str:
        main = importlib.import_module(f"{module}.__main__").main
        try:
            code = main(arguments)
        except SystemExit as exit:  # argparse's way
            code = exit.code
        (line,) = capfd.readouterr().err.splitlines()
        assert code == 2
        assert line.startswith("error: ")
        return line

    return refuse


@pytest.mark.processes
@pytest.mark.parametrize(
    ("module", "name", "tool", "made"),
    [
        pytest.param(
            "converters.coreml",
            "mobilevit_xxs_demo_float16.mlpackage",
            "coremltools",
            ("mlpackage", "float16"),
            marks=pytest.mark.writes_packages,
        ),
        ("converters.tflite", "mobilevit_xxs_demo_float16.tflite", "tensorflow", ("tflite", "float16")),
        ("converters.onnx", "mobilevit_xxs_demo_float32.onnx", "onnxscript", ("onnx_file", "none")),
    ],
)
def test_the_main_command(module, name, tool, made, tmp_path, demo, request):
    out = tmp_path / "out"
    old = out / name / "of an earlier run" if name.endswith(".mlpackage") else out / name
    old.parent.mkdir(parents=True)
    for path in (old, out / (name + ".golden.json")):
        path.write_text("of an earlier run")
    earlier = {"schema_version": 1, "checkpoint": {"id": "demo", "sha256": demo.sha256}}
    (out / (name + ".manifest.json")).write_text(json.dumps(earlier))
    unlike = {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "3"}
    result = command(module, "--size", "xxs", "--into", str(tmp_path / "out"), env={**os.environ, **unlike})
    assert result.returncode == 0, result.stderr
    assert result.stderr == "", "quiet by default"
    written, *_, about, golden = result.stdout.splitlines()
    assert written.startswith(str(tmp_path / "out" / name))
    for unit in (" MB ", " M parameters ", " s"):
        assert unit in written
    assert "demonstration" in about
    assert "--checkpoint apple/mobilevit-xx-small" in about
    assert golden.startswith(f"golden set {tmp_path / 'out' / name}.golden.json")
    assert names_in(tmp_path / "out") == [name, name + ".golden.json", name + ".manifest.json"]
    assert read_golden(golden_path(tmp_path / "out" / name)).sha256 == digest(tmp_path / "out" / name)

    manifest = read_manifest(tmp_path / "out" / name)  # which compares the artifact's sha256
    assert manifest.checkpoint.sha256 == demo.sha256
    assert tool in manifest.tool_versions
    assert (manifest.preprocessing.resize_shortest_edge, manifest.preprocessing.crop_height) == (288, 256)

    # The same bytes as here, where hashes have another seed and there are other threads.
    fixture, mode = made
    assert manifest == request.getfixturevalue(fixture)(mode).manifest
    golden_set(demo, manifest).write(tmp_path / "golden")
    assert golden_path(tmp_path / "out" / name).read_bytes() == (tmp_path / "golden").read_bytes()


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "m"], "invalid choice: 'm'"),
        (["--golden-pictures", "."], "give --into too"),
        (["--image-size", "256x"], "argument --image-size: '256x' is no number of pixels: give "),
        (["--image-size", "1x2x3"], "argument --image-size: '1x2x3' is no number of pixels: give "),
        (["--image-size", "0"], "argument --image-size: '0' is no number of pixels: give "),
        (["--calibration-samples", "many"], "'many' is no whole number of 1 or more"),
        (["--task", "features", "--output", "logits"], "features have no logits"),
        (["--task", "segmentation", "--size", "s"], "no demo checkpoint of size s is bundled for segmentation"),
        (["--checkpoint", "no-such-file"], "does not exist"),
        (["--checkpoint", "BROKEN"], "model.safetensors is truncated"),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(module, arguments, message, tmp_path, refusal):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    arguments = [str(tmp_path / "broken") if argument == "BROKEN" else argument for argument in arguments]
    assert message in refusal(module, *arguments, "--output-dir", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("module", MODULES)
def test_output_directory_that_cannot_be_written(module, tmp_path, refusal):
    (tmp_path / "file").write_text("in the way")
    line = refusal(module, "--output-dir", str(tmp_path / "file"))
    assert line.startswith(f"error: cannot write to {tmp_path / 'file'}")
    assert (tmp_path / "file").read_text() == "in the way"


def test_place_is_checked_before_the_work(tmp_path, monkeypatch):
    check_place(tmp_path / "new" / "folder")
    assert not names_in(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write to .*file/below \(Not a directory\): choose another"):
        check_place(tmp_path / "file" / "below")
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root may write anywhere
    with pytest.raises(UserError, match="Permission denied"):
        check_place(tmp_path / "new")


@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [
        ("converters.coreml", "coremltools", "coreml"),
        ("converters.tflite", "tensorflow", "tflite"),
        ("converters.onnx", "onnxscript", "onnx"),
        ("converters.onnx", "onnxruntime", "onnx"),
    ],
)
def test_missing_extra_is_named(module, missing, extra, refusal, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == missing else find(name, *rest))
    assert refusal(module) == (
        f"error: {missing} is not installed: enter the environment that make convert makes (. .venv/bin/activate), or "
        f"run pip install -e '.[{extra}]' in the project's folder"
    )


def test_coremltools_built_from_source_is_refused(tmp_path, monkeypatch, capsys):
    """Where it has no wheel pip leaves its libraries out, and its converter would fail at the very end."""
    (tmp_path / "coremltools").mkdir()
    (tmp_path / "coremltools" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "coremltools", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert importlib.import_module("converters.coreml.__main__").main([]) == 2
    assert capsys.readouterr().err.startswith("error: coremltools was built from its source")


def publishing(demo, tmp_path, options=None):
    """write -> the artifact that it wrote, published."""
    job = begin(demo, tmp_path, options or TFLiteOptions(), passes=(), bake_input=True)
    input = job.input("tensor", "NHWC", "float32")
    return lambda write: job.publish(write, input=input, outputs=job.outputs, tools=())


def test_a_failed_write_keeps_the_old_artifact(demo, tmp_path):
    publish = publishing(demo, tmp_path)
    first = publish(lambda path: path.write_bytes(b"first"))

    def fails(path: Path) -> None:
        path.write_bytes(b"sec")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device"):
        publish(fails)
    assert first.path.read_bytes() == b"first"
    assert names_in(tmp_path) == [first.path.name, first.path.name + ".manifest.json"]
    assert json.loads((tmp_path / (first.path.name + ".manifest.json")).read_text())["artifact"]["bytes"] == 5


def test_a_failed_move_keeps_the_old_package(demo, tmp_path, monkeypatch):
    publish = publishing(demo, tmp_path, CoreMLOptions())

    def write(text: str):
        return lambda path: (path.mkdir(), (path / "part").write_text(text))

    first = publish(write("first"))
    rename, failed = os.rename, []

    def fails(source: Path, target: Path) -> None:
        if target == first.path and not failed:
            failed.append(source)
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(UserError, match="Input/output error"):
        publish(write("second"))
    assert (first.path / "part").read_text() == "first"
    read_manifest(first.path)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "has no manifest that says what it was made from"),
        ("{", "has no manifest"),
        ('{"checkpoint": "demo"}', "has no manifest"),
        ('{"schema_version": 1, "checkpoint": {"id": "somebody/elses", "sha256": "0123456789abcdef"}}',
         "was made from checkpoint somebody/elses (sha256 0123456789ab...), this one is of checkpoint demo"),
    ],
)  # fmt: skip
def test_an_artifact_of_another_checkpoint_stays(module, manifest, message, tmp_path, demo, refusal, monkeypatch):
    """And is noticed before anything slow: nothing is converted in this test."""
    pipeline = importlib.import_module(f"{module}.__main__")
    monkeypatch.setattr(pipeline, "_convert", lambda *given: pytest.fail("too late"))
    names = {"coreml": "float16.mlpackage", "tflite": "float16.tflite", "onnx": "float32.onnx"}
    target = tmp_path / f"mobilevit_xxs_demo_{names[module.rpartition('.')[2]]}"
    target.write_text("precious")
    if manifest is not None:
        manifest_path(target).write_text(manifest)
    line = refusal(module, "--output-dir", str(tmp_path))
    for part in (str(target), message, demo.sha256[:12], "--overwrite", "another --output-dir"):
        assert part in line
    assert target.read_text() == "precious"


def test_asked_for_it_is_replaced_and_the_same_checkpoints_always_is(demo, tmp_path):
    first = publishing(demo, tmp_path)(lambda path: path.write_bytes(b"first"))
    publishing(demo, tmp_path)(lambda path: path.write_bytes(b"second"))
    other = dataclasses.replace(demo, sha256="0" * 64)
    with pytest.raises(UserError, match="was made from checkpoint demo"):
        publishing(other, tmp_path)
    assert first.path.read_bytes() == b"second"
    publishing(other, tmp_path, TFLiteOptions(overwrite=True))(lambda path: path.write_bytes(b"third"))
    assert read_manifest(first.path).checkpoint.sha256 == "0" * 64


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("converters.tflite", ("--batch", "0"), "--batch"),
        ("converters.tflite", ("--batch", "2", "--into", "android_demo"), "android_demo runs one image at a time"),
        ("converters.coreml", ("--batch", "2", "--into", "ios_demo"), "ios_demo runs one image at a time"),
        ("converters.coreml", ("--into", "android_demo"), "android_demo runs .tflite files, and no .mlpackage"),
        ("converters.tflite", ("--into", "ios_demo"), "ios_demo runs .mlpackage and .aimodel files, and no .tflite"),
        ("converters.onnx", ("--into", "nowhere"), "argument --into: there is no folder nowhere"),
        ("converters.coreml", ("--batch", "2", "--image-size", "128,192"), "a batch has images of one size"),
        ("converters.onnx", ("--batch", "2", "--dynamic-batch"), "--dynamic-batch takes any number of images"),
    ],
)
def test_batches_and_apps_that_do_not_fit(module, arguments, message, refusal, monkeypatch):
    pipeline = importlib.import_module(f"{module}.__main__")
    monkeypatch.setattr(pipeline, "_convert", lambda *given: pytest.fail("too late"))
    assert message in refusal(module, *arguments)


@pytest.mark.parametrize("module", MODULES)
def test_preprocessing_that_no_app_could_follow_is_refused(module, demo, tmp_path, refusal):
    demo.model.save_pretrained(tmp_path / "mine")
    MobileViTImageProcessor(do_center_crop=False).save_pretrained(tmp_path / "mine")
    line = refusal(module, "--checkpoint", str(tmp_path / "mine"), "--output-dir", str(tmp_path / "out"))
    assert "leaves each picture a size of its own" in line
    assert not (tmp_path / "out").exists()


def test_a_folder_named_demo_does_not_pass_for_the_bundled_one(demo, tmp_path, capfd):
    demo.model.save_pretrained(tmp_path / "demo")
    main = importlib.import_module("converters.onnx.__main__").main
    assert main(["--checkpoint", str(tmp_path / "demo"), "--output-dir", str(tmp_path)]) == 0
    assert (tmp_path / "mobilevit_xxs_local-demo_float32.onnx").exists()
    assert "demonstration" not in capfd.readouterr().out
