"""What a file says of itself, otherwise than its manifest, is a failed check that names the place."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import onnx
import pytest

from validation import parity
from validation.artifact import open_artifacts
from validation.checks.claims import untrue_claims

from . import mistaken


def swapped(labels: list[str]) -> list[str]:
    return [labels[1], labels[0], *labels[2:]]


SWAPPED = ': it says "striped triangle", the manifest says "striped disc"'


@pytest.fixture
def spoilt(tmp_path):
    """The lines on a copy of an artifact that an edit has spoilt."""

    def of(written: Any, edit: Any, **lies: Any) -> list[str]:
        file = mistaken.copy_of(written.path, tmp_path)
        edit(file)
        mistaken.describe_anew(file, **lies)
        return untrue_claims(open_artifacts([file])[0])

    return of


def left_alone(file: Path) -> None:
    pass


def change_labels_file(file: Path) -> None:
    content = file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = min(each.header_offset for each in archive.infolist())
        labels = archive.read("labels.txt").decode().split("\n")
    file.write_bytes(content[:start])
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labels.txt", "\n".join(swapped(labels)))


def test_labels_in_a_tflite_file(tflite, spoilt):
    assert spoilt(tflite("float16"), change_labels_file) == [f"the file's labels.txt, at 0{SWAPPED}"]


def five_percent(quantization: dict[str, Any]) -> dict[str, Any]:
    return quantization | {"scale": 1.05 * quantization["scale"]}


@pytest.mark.parametrize(
    ("lie", "place"),
    [
        ({"outputs": lambda all: [all[0] | {"quantization": five_percent(all[0]["quantization"])}]}, "probabilities"),
        ({"outputs": lambda all: [all[0] | {"quantization": None}]}, "probabilities"),
        ({"input__quantization": five_percent}, "image"),
        ({"input__quantization": lambda said: said | {"zero_point": said["zero_point"] + 1}}, "image"),
    ],
)
def test_quantization_of_a_tflite_files_ends(tflite, spoilt, lie, place):
    (line,) = spoilt(tflite("int8-full"), left_alone, **lie)
    assert line.startswith(f"the file's tensor {place}, quantization")


@pytest.mark.parametrize(
    ("key", "change", "line"),
    [
        ("labels", swapped, f"labels, at 0{SWAPPED}"),
        (
            "preprocessing",
            lambda said: said | {"interpolation": "bicubic"},
            'preprocessing, interpolation: it says "bicubic", the manifest says "bilinear"',
        ),
        (
            "input",
            lambda said: said | {"scale": [1.0] * 3},
            "input, scale, at 0: it says 1.0, the manifest says 0.00392",
        ),
    ],
)
def test_metadata_of_an_onnx_file(onnx_file, spoilt, key, change, line):
    def edit(file: Path) -> None:
        model = onnx.load(file)
        (found,) = (each for each in model.metadata_props if each.key == key)
        found.value = json.dumps(change(json.loads(found.value)))
        onnx.save(model, file)

    (found,) = spoilt(onnx_file("none"), edit)
    assert found.startswith(f"the file's metadata property {line}")


def preview(spec: Any, block: Any) -> None:
    spec.description.metadata.userDefined["com.apple.coreml.model.preview.type"] = "imageSegmenter"


def small_input(spec: Any, block: Any) -> None:
    spec.description.input[0].type.imageType.height = 224


@pytest.mark.writes_packages
@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (
            preview,
            "metadata com.apple.coreml.model.preview.type: it says "
            '"imageSegmenter", the manifest says "imageClassifier"',
        ),
        (mistaken.swap_channels, 'input image\'s colours: it says "RGB", the manifest says "BGR"'),
        (small_input, "input image's size, at 1: it says 224, the manifest says 256"),
        (mistaken.shift_labels, f"classes, at 0{SWAPPED}"),
    ],
)
def test_what_a_package_describes(mlpackage, spoilt, edit, line):
    assert spoilt(mlpackage("float16"), lambda file: mistaken.edit_program(file, edit)) == [f"the file's {line}"]


def test_metadata_of_an_aimodel(aimodel, spoilt):
    def edit(file: Path) -> None:
        place = file / "metadata.json"
        said = json.loads(place.read_text("utf-8"))
        labels = said["creatorDefinedMetadata"]["labels"]
        said["creatorDefinedMetadata"]["labels"] = swapped(labels)
        place.write_text(json.dumps(said), "utf-8")

    assert spoilt(aimodel(compress="palettize6"), edit) == [f"the file's metadata labels, at 0{SWAPPED}"]


def test_metadata_that_is_broken(onnx_file, spoilt):
    def edit(file: Path) -> None:
        model = onnx.load(file)
        (found,) = (each for each in model.metadata_props if each.key == "preprocessing")
        found.value = "{"
        onnx.save(model, file)

    (line,) = spoilt(onnx_file("none"), edit)
    assert line == 'the file\'s metadata property preprocessing: it says "{", the manifest says 8 values'


def test_parity_fails(onnx_file, tmp_path, photographs):
    file = mistaken.copy_of(onnx_file("none").path, tmp_path)
    mistaken.describe_anew(file, input__maximum=1.0)
    (result,) = parity([file], images=photographs[:1])
    failed = [check.reason for check in result.checks if check.verdict == "FAIL"]
    assert failed == ["the file's metadata property input, maximum: it says 255.0, the manifest says 1.0"]
