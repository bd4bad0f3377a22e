"""Options and what follows from them: names that tell apart whatever options tell apart, and complete manifests."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from converters.command_line import HEADINGS
from converters.conversion import begin
from converters.coreml.options import CoreMLOptions
from converters.declared import add_options, form_of, from_arguments, long_name
from converters.naming import file_name
from converters.onnx.options import ONNXOptions
from converters.options import record, shaping
from converters.passes import PASSES
from converters.tflite.options import TFLiteOptions
from converters.tflite.own_recipe import OwnRecipe
from converters.tflite.recipes import recipe
from reference.checkpoints import Checkpoint, load_checkpoint
from reference.errors import UserError
from reference.scenes import render

PIPELINES = {"coreml": CoreMLOptions, "tflite": TFLiteOptions, "onnx": ONNXOptions}
# What has an effect only where another option asks for it is drawn with it.
RECIPES = [
    OwnRecipe(name, json.dumps(recipe(mode, "classification")))
    for name, mode in [("mine", "int8"), ("mine", "int8-weight"), ("my.own", "int8"), ("模型", "int8")]
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[Path]:
    """Two of the same name, and one of another; beside each a file of labels that bears its name."""
    made = []
    for index, name in enumerate(("a/photos", "b/photos", "b/others")):
        made.append(tmp_path_factory.mktemp("pictures") / name)
        made[-1].mkdir(parents=True)
        render("train", index).image.save(made[-1] / f"{index}.png")
        names = [f"{index} {label}" for label in range(30)]
        made[-1].with_suffix(".txt").write_text("\n".join(names))
    return made


def values(field: dataclasses.Field, folders: list[Path]) -> st.SearchStrategy:
    """Of one option, its default among them."""
    form = form_of(field)
    if form.choices is not None:
        return st.sampled_from([field.default, *form.choices])
    drawn = {
        "image_size": st.sampled_from([(), (128,), (192,)]),
        "no_pass": st.lists(st.sampled_from(sorted(PASSES)), max_size=2, unique=True).map(tuple),
        "keep_float": st.lists(st.sampled_from(["a", "a b", "a'", "layer.4"]), max_size=2).map(tuple),
        "labels": st.sampled_from([None, *(folder.parent / f"{folder.name}.txt" for folder in folders)]),
        "calibration": st.sampled_from([None, *folders]),
        "labelled": st.sampled_from([None, *folders]),
        "calibration_samples": st.sampled_from([128, 64, 192]),
        "recipe": st.sampled_from([None, *RECIPES]),
        "max_drop": st.sampled_from([None, 0.5, 1.0]),
        "opset": st.sampled_from([None, 18, 20, 23]),
        "batch": st.sampled_from([1, 3]),
        "golden_pictures": st.none(),  # which a golden set must be asked for with
    }
    return st.booleans() if isinstance(field.default, bool) else drawn[field.name]


@st.composite
def two_options(draw, kind: type, folders: list[Path]) -> tuple:
    """Of one pipeline, the second a few steps from the first."""
    fields = {field.name: values(field, folders) for field in dataclasses.fields(kind)}
    first = {name: draw(each) for name, each in fields.items()}
    changed = draw(st.lists(st.sampled_from(sorted(fields)), max_size=3))
    return kind(**first), kind(**{**first, **{name: draw(fields[name]) for name in changed}})


@pytest.fixture(scope="module", params=["classification", "segmentation"])
def checkpoint(request) -> Checkpoint:
    return load_checkpoint("demo", task=request.param)


@pytest.mark.parametrize("pipeline", PIPELINES)
@settings(max_examples=100)
@given(data=st.data())
def test_names_tell_apart_what_options_tell_apart(pipeline, checkpoint, folders, data):
    """Two artifacts have one name where everything that shapes them is the same, and nowhere else."""
    names, shapes = [], []
    for asked in data.draw(two_options(PIPELINES[pipeline], folders)):
        try:
            options = asked.settled(checkpoint.task)
        except UserError:
            assume(False)
        names.append(file_name(checkpoint, options))
        shapes.append({field.name: getattr(options, field.name) for field in shaping(options, checkpoint.task)})
    assert (names[0] == names[1]) == (shapes[0] == shapes[1])
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)


@pytest.mark.parametrize(
    ("options", "task", "name"),
    [
        (TFLiteOptions(), "classification", "mobilevit_xxs_demo_float16.tflite"),
        (TFLiteOptions(quantize="none"), "classification", "mobilevit_xxs_demo_float32.tflite"),
        (TFLiteOptions(quantize="int8"), "classification", "mobilevit_xxs_demo_int8.tflite"),
        (TFLiteOptions(quantize="int8-full"), "classification", "mobilevit_xxs_demo_int8-full.tflite"),
        (TFLiteOptions(output="logits"), "segmentation", "deeplabv3_mobilevit_xxs_demo_float16_logits.tflite"),
        (TFLiteOptions(input_dtype="uint8"), "classification", "mobilevit_xxs_demo_float16_input-uint8.tflite"),
        (TFLiteOptions(quantize="int8", output_dtype="int8", range_method="minmax"), "classification",
         "mobilevit_xxs_demo_int8_output-int8_minmax.tflite"),
        (CoreMLOptions(image_size=(160,)), "features", "mobilevit_features_xxs_demo_float16_160.mlpackage"),
        (CoreMLOptions(image_size=(128, 192)), "classification", "mobilevit_xxs_demo_float16_128-192.mlpackage"),
        (CoreMLOptions(compress="int8"), "classification", "mobilevit_xxs_demo_int8.mlpackage"),
        (CoreMLOptions(compress="int8", precision="float32"), "classification",
         "mobilevit_xxs_demo_int8_float32.mlpackage"),
        (CoreMLOptions(precision="mixed"), "classification", "mobilevit_xxs_demo_mixed.mlpackage"),
        (CoreMLOptions(compress="w8a8", minimum_deployment_target="iOS17"), "classification",
         "mobilevit_xxs_demo_w8a8.mlpackage"),
        (CoreMLOptions(minimum_deployment_target="iOS17"), "classification",
         "mobilevit_xxs_demo_float16_iOS17.mlpackage"),
        (ONNXOptions(), "classification", "mobilevit_xxs_demo_float32.onnx"),
        (ONNXOptions(quantize="int8", opset=20), "classification", "mobilevit_xxs_demo_int8.onnx"),
        (ONNXOptions(quantize="float16", opset=20, dynamic_batch=True), "classification",
         "mobilevit_xxs_demo_float16_batch_opset20.onnx"),
        (ONNXOptions(batch=4), "classification", "mobilevit_xxs_demo_float32_batch4.onnx"),
        (CoreMLOptions(batch=4, image_size=(160,)), "features",
         "mobilevit_features_xxs_demo_float16_160_batch4.mlpackage"),
    ],
)  # fmt: skip
def test_names_are_readable(options, task, name):
    assert file_name(load_checkpoint("demo", task=task), options.settled(task)) == name


def test_what_no_word_can_tell_is_a_hash_that_no_machine_changes(folders, demo, tmp_path):
    def name(folder: Path) -> str:
        return file_name(demo, TFLiteOptions(quantize="int8", calibration=folder).settled(demo.task))

    assert re.fullmatch(r"mobilevit_xxs_demo_int8_[0-9a-f]{6}\.tflite", name(folders[0]))
    elsewhere = tmp_path / "photos"
    elsewhere.mkdir()
    (elsewhere / "0.png").write_bytes((folders[0] / "0.png").read_bytes())
    assert name(elsewhere) == name(folders[0]) != name(folders[1])
    with pytest.raises(UserError, match="there are no images in"):
        name(tmp_path / "none")


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_is_typed_is_what_is_asked_for(pipeline, folders, tmp_path):
    """Every option, typed at a value that is not its default, arrives; untyped, it is the default."""
    own = tmp_path / "mine.json"
    own.write_text(RECIPES[0].text)
    names = tmp_path / "names.txt"
    names.touch()
    typed = {
        "image_size": ("160", (160,)), "no_pass": ("drop-key-bias", ("drop-key-bias",)),
        "calibration": (str(folders[0]), folders[0]), "labelled": (str(folders[1]), folders[1]),
        "calibration_samples": ("7", 7), "keep_float": ("a b", ("a b",)), "max_drop": ("0.5", 0.5),
        "recipe": (str(own), RECIPES[0]), "opset": ("19", 19), "labels": (str(names), names),
        "batch": ("3", 3), "golden_pictures": (str(folders[0]), folders[0]),
    }  # fmt: skip
    kind, parser = PIPELINES[pipeline], argparse.ArgumentParser()
    add_options({heading: parser.add_argument_group(heading) for heading in HEADINGS}, kind)
    assert from_arguments(kind, parser.parse_args([])) == kind()
    words, expected = [], {}
    for field in dataclasses.fields(kind):
        choices = form_of(field).choices
        if isinstance(field.default, bool):
            words.append(f"--{long_name(field)}")
            expected[field.name] = True
            continue
        other = choices and next(each for each in choices if each != field.default)
        word, expected[field.name] = (other, other) if choices else typed[field.name]
        words += [f"--{long_name(field)}", word]
    assert from_arguments(kind, parser.parse_args(words)) == kind(**expected)


@pytest.mark.parametrize("pipeline", [*PIPELINES, "coreai"])
def test_channels_are_evened_out_where_activations_become_integers(pipeline, demo, tmp_path, monkeypatch):
    """In all that keep one scale for a whole tensor of them, but ONNX, which spares the first convolutions."""
    if pipeline == "coreai":
        pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed (extra coreai, Python 3.11)")
    module = importlib.import_module(f"converters.{pipeline}.convert")
    given = {}

    def stop(*_, passes, **__):
        given["passes"] = passes
        raise UserError("enough")

    monkeypatch.setattr(module, "begin", stop)
    option = "quantize" if pipeline in ("tflite", "onnx") else "compress"
    for mode in ("none", "int8", "w8a8" if option == "compress" else "float16"):
        with pytest.raises(UserError, match="enough"):
            module.convert(demo, tmp_path, dataclasses.replace(module.DEFAULTS, **{option: mode}))
        evened = mode == "w8a8" or (pipeline, mode) == ("tflite", "int8")
        assert ("equalize-through-silu" in given["passes"]) == evened, mode


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_manifests_have_every_option_that_shaped_the_artifact(pipeline, folders, demo, tmp_path):
    shaped = {
        "coreml": {"compress": "w8a8"},
        "tflite": {"quantize": "int8", "keep_float": ("a b", "c"), "max_drop": 1.0, "labelled": folders[1],
                   "recipe": RECIPES[0]},
        "onnx": {"quantize": "int8"},
    }  # fmt: skip
    common = {"calibration": folders[0], "calibration_samples": 1, "no_pass": ("drop-key-bias",), "image_size": (128,),
              "labels": folders[0].with_suffix(".txt"), "batch": 3}  # fmt: skip
    options = PIPELINES[pipeline](**shaped[pipeline], **common)
    job = begin(demo, tmp_path, options, passes=PASSES, bake_input=True)
    outputs, feed = job.outputs, job.input("tensor", "NHWC", "float32")
    manifest = job.publish(lambda path: path.write_text("-"), input=feed, outputs=outputs, tools=()).manifest
    fields = {long_name(field) for field in dataclasses.fields(options)} - {"overwrite", "golden", "golden-pictures"}
    assert set(manifest.options) == fields
    assert manifest.kit_version == importlib.metadata.version("mobilevit-edge-kit")
    said = manifest.options
    assert (said["calibration"], said["calibration-samples"], said["image-size"]) == ("photos", "1", "128")
    assert (said["batch"], manifest.input.shape, outputs[0].shape) == ("3", [3, 128, 128, 3], [3, 30])
    assert (said["no-pass"], said["labels"], manifest.labels[:2]) == ("drop-key-bias", "photos.txt", ["0 0", "0 1"])
    expected = {
        "coreml": {"compress": "w8a8", "precision": "float16", "minimum-deployment-target": "iOS17"},
        "tflite": {"quantize": "int8", "keep-float": "'a b' c", "max-drop": "1.0", "labelled": "photos",
                   "recipe": RECIPES[0].text, "input-dtype": "float32", "range-method": "auto"},
        "onnx": {"quantize": "int8", "opset": "20", "range-method": "percentile", "dynamic-batch": "false"},
    }  # fmt: skip
    assert expected[pipeline].items() <= said.items()


def test_options_without_effect_leave_no_trace(demo, folders):
    """A float file is the same whatever images and ranges are named."""
    for kind in (TFLiteOptions, ONNXOptions):
        plain, named = (
            kind(**given).settled(demo.task)
            for given in ({}, {"calibration": folders[0], "calibration_samples": 7, "range_method": "minmax"})
        )
        assert file_name(demo, plain) == file_name(demo, named)
        assert record(plain, demo.task) == record(named, demo.task)
    mask = TFLiteOptions(quantize="int8-full").settled("segmentation")
    assert "output-dtype" not in record(mask, "segmentation"), "int32, in every mode"
