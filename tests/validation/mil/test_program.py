"""Programs as a whole: what goes in, what comes out, what is refused and how."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from reference.errors import UserError
from validation.mil import Precision, Program
from validation.mil.__main__ import main
from validation.mil.protos import Model_pb2

from .programs import Named, Operation, Stored, blob_file, write_package

GENERATOR = np.random.default_rng(3)


def doubling(path, layout="RGB", channels=3, **options):
    """y = 2 image + 1."""
    shape = ("FLOAT32", (1, channels, 4, 6))
    operations = [
        Operation("mul", {"x": Named("image"), "y": 2.0}, {"doubled": shape}),
        Operation("add", {"x": Named("doubled"), "y": 1.0}, {"y": shape}),
    ]
    return write_package(
        path, inputs={"image": shape}, operations=operations, outputs=["y"], images={"image": layout}, **options
    )


@pytest.mark.parametrize("layout", ["RGB", "BGR"])
def test_colour_layout(tmp_path, layout):
    pixels = GENERATOR.integers(0, 256, (4, 6, 3), np.uint8)
    program = Program(doubling(tmp_path / "x.mlpackage", layout))
    expected = 2 * np.stack([pixels[..., "RGB".index(color)] for color in layout]).astype(np.float32)[None] + 1
    assert np.array_equal(program.predict({"image": Image.fromarray(pixels)})["y"], expected)
    assert np.array_equal(program.predict({"image": pixels})["y"], expected)


def test_grayscale(tmp_path):
    pixels = GENERATOR.integers(0, 256, (4, 6), np.uint8)
    program = Program(doubling(tmp_path / "x.mlpackage", "GRAYSCALE", 1))
    for picture in (Image.fromarray(pixels), pixels, pixels[..., None]):
        assert np.array_equal(program.predict({"image": picture})["y"], 2 * pixels[None, None].astype(np.float32) + 1)


def test_intermediates_by_name_and_by_observing(tmp_path):
    pixels = GENERATOR.integers(0, 256, (4, 6, 3), np.uint8)
    program = Program(doubling(tmp_path / "x.mlpackage"))
    values = program.values({"image": pixels}, ["doubled", "image", "y"])
    assert np.array_equal(values["doubled"], 2 * values["image"])
    assert np.array_equal(values["y"], values["doubled"] + 1)
    seen = {}
    program.predict({"image": pixels}, observe=seen.__setitem__)
    assert list(seen) == ["doubled", "y"]
    with pytest.raises(UserError, match="computes nothing named tripled"):
        program.values({"image": pixels}, ["tripled"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Image.new("RGB", (6, 5)), "takes images of 6x4, not 6x5"),
        (Image.new("L", (6, 4)), "mode RGB"),
        (np.zeros((4, 6, 3)), "takes arrays uint8"),
        (np.zeros((3, 4, 6), np.uint8), r"\[H, W, 3\]"),
        ("image.png", "PIL image or a uint8 array, not str"),
    ],
)
def test_wrong_pictures(tmp_path, value, message):
    with pytest.raises(UserError, match=message):
        Program(doubling(tmp_path / "x.mlpackage")).predict({"image": value})


def test_missing_and_unknown_inputs(tmp_path):
    program = Program(doubling(tmp_path / "x.mlpackage"))
    with pytest.raises(UserError, match="needs the input image"):
        program.predict({})
    with pytest.raises(UserError, match="has no input picture"):
        program.predict({"picture": np.zeros((4, 6, 3), np.uint8)})


def test_arrays_of_any_declared_size(tmp_path):
    inputs = {"x": ("FLOAT32", (None, 3))}
    operation = Operation("reduce_sum", {"x": Named("x"), "axes": np.array([1])}, {"y": ("FLOAT32", (None,))})
    path = write_package(tmp_path / "x.mlpackage", inputs=inputs, operations=[operation], outputs=["y"])
    for rows in (1, 4):
        assert Program(path).predict({"x": np.ones((rows, 3))})["y"].tolist() == [3.0] * rows
    with pytest.raises(UserError, match=r"takes shape \[None, 3\], not \[2, 4\]"):
        Program(path).predict({"x": np.ones((2, 4))})


def single(path, operation, **options):
    return write_package(path, inputs={"x": ("FLOAT32", (2, 3))}, operations=[operation], outputs=["y"], **options)


def test_results_are_held_to_what_the_file_declares(tmp_path):
    x = {"x": np.ones((2, 3))}
    operation = Operation("exp", {"x": Named("x")}, {"y": ("FLOAT32", (3, 2))})
    with pytest.raises(UserError, match=r"exp at y \(opset CoreML8, iOS18\): y has shape \[2, 3\]"):
        Program(single(tmp_path / "shape.mlpackage", operation)).predict(x)
    operation = Operation("exp", {"x": Named("x")}, {"y": ("INT32", (2, 3))})
    with pytest.raises(UserError, match="the file declares INT32"):
        Program(single(tmp_path / "type.mlpackage", operation)).predict(x)


def test_all_unsupported_operations_are_listed_at_once(tmp_path):
    operations = [
        Operation("lstm", {"x": Named("x")}, {"a": ("FLOAT32", (2, 3))}),
        Operation("frobnicate", {"x": Named("a")}, {"b": ("FLOAT32", (2, 3))}),
        Operation("relu", {"x": Named("b")}, {"c": ("FLOAT32", (2, 3))}),
        Operation("lstm", {"x": Named("c")}, {"y": ("FLOAT32", (2, 3))}),
    ]
    path = write_package(
        tmp_path / "x.mlpackage", inputs={"x": ("FLOAT32", (2, 3))}, operations=operations, outputs=["y"]
    )
    with pytest.raises(UserError) as error:
        Program(path)
    message = str(error.value)
    assert "frobnicate at b; lstm at a, y" in message
    assert "opset CoreML8, iOS18, function main" in message
    assert "\n" not in message
    assert main(["ops", str(path)]) == 1


def test_unknown_inputs_of_an_operation(tmp_path):
    operation = Operation("relu", {"x": Named("x"), "slope": 0.1}, {"y": ("FLOAT32", (2, 3))})
    with pytest.raises(UserError, match=r"relu at y .* unknown inputs \['slope'\], missing inputs \[\]"):
        Program(single(tmp_path / "x.mlpackage", operation))


def test_no_ml_program(tmp_path):
    relu = Operation("relu", {"x": Named("x")}, {"y": ("FLOAT32", (2, 3))})

    def refused(path) -> str:
        with pytest.raises(UserError) as error:
            Program(path)
        assert "\n" not in str(error.value)
        return str(error.value)

    (tmp_path / "old.mlmodel").write_bytes(b"")
    assert "is a file" in refused(tmp_path / "old.mlmodel")
    assert "does not exist" in refused(tmp_path / "none.mlpackage")
    (tmp_path / "empty.mlpackage").mkdir()
    assert "cannot read Manifest.json" in refused(tmp_path / "empty.mlpackage")

    assert "opset CoreML99, unknown here" in refused(single(tmp_path / "a.mlpackage", relu, opset="CoreML99"))

    path = single(tmp_path / "b.mlpackage", relu)
    (path / "Manifest.json").write_text("{}")
    assert "is broken" in refused(path)
    outside = {"itemInfoEntries": {"1": {"path": "../../secret"}}, "rootModelIdentifier": "1"}
    (path / "Manifest.json").write_text(json.dumps(outside))
    assert "outside of the package" in refused(path)

    path = single(tmp_path / "c.mlpackage", relu)
    model = path / "Data/com.apple.CoreML/model.mlmodel"
    model.write_bytes(b"no protobuf, sorry")
    assert "is no Core ML model" in refused(path)
    network = Model_pb2.Model()
    network.neuralNetwork.layers.add(name="layer")
    model.write_bytes(network.SerializeToString())
    assert "holds neuralNetwork, not an ML Program" in refused(path)
    model.unlink()
    assert "cannot read" in refused(path)


def test_weights_outside_of_the_file(tmp_path):
    content, (offset,) = blob_file([("FLOAT32", bytes(24), 0)])
    for name, where in (("a", offset + 640), ("b", offset + 1)):
        weight = Operation("const", {}, {"y": ("FLOAT32", (2, 3))}, {"val": Stored(where, "FLOAT32", (2, 3))})
        with pytest.raises(UserError, match=f"no record can lie at offset {where}"):
            Program(single(tmp_path / f"{name}.mlpackage", weight, weights=content))


def test_precisions_have_names():
    assert [mode.value for mode in Precision] == ["declared", "float32", "float16_accumulate"]


def test_commands(mlpackage, capfd):
    from reference.demo.picture import SAMPLE

    package = str(mlpackage("float16").path)
    assert main(["inspect", package]) == 0
    out = capfd.readouterr().out
    assert "input image: image BGR 256x256" in out
    assert "FLOAT16" in out
    assert main(["run", package, "--image", str(SAMPLE)]) == 0
    out = capfd.readouterr().out
    assert "dotted ring" in out
    assert "not by Apple's runtime" in out.replace("\n", " ")
    assert main(["ops", package]) == 0
    assert main(["inspect", "none.mlpackage"]) == 2


@pytest.mark.processes
def test_protobuf_classes_come_without_coremltools():
    """Its import takes seconds; and once something else has imported it, both share their classes."""
    code = (
        "import sys, validation.mil.protos as protos\n"
        "assert 'coremltools' not in sys.modules\n"
        "import converters.coreml.convert\n"
        "from coremltools.proto import Model_pb2\n"
        "assert protos.Model_pb2.Model is Model_pb2.Model\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
