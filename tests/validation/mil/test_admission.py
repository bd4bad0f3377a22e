"""ML Programs that are not sound: each is refused by one line that says what, before anything is made of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reference.errors import UserError
from validation.mil import Program
from validation.mil.__main__ import main
from validation.mil.commands import list_operations
from validation.mil.protos import MIL_pb2, Model_pb2

from .programs import Named, Operation, write_package

MODEL = Path("Data/com.apple.CoreML/model.mlmodel")
SHAPE = ("FLOAT32", (1, 3, 4, 6))


@pytest.fixture
def package(tmp_path) -> Path:
    """y = 2 image + 1."""
    operations = [
        Operation("mul", {"x": Named("image"), "y": 2.0}, {"doubled": SHAPE}),
        Operation("add", {"x": Named("doubled"), "y": 1.0}, {"y": SHAPE}),
    ]
    path = tmp_path / "x.mlpackage"
    return write_package(path, inputs={"image": SHAPE}, operations=operations, outputs=["y"], images={"image": "RGB"})


def edited(package: Path, edit: Callable[[Any, Any], object]) -> Path:
    """The package, its Model message and the operations' Block changed."""
    spec = Model_pb2.Model.FromString((package / MODEL).read_bytes())
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    edit(spec, block)
    (package / MODEL).write_bytes(spec.SerializeToString())
    return package


def size(width: int, height: int) -> Callable[[Any, Any], object]:
    def edit(spec, _):
        image = spec.description.input[0].type.imageType
        image.width, image.height = width, height

    return edit


def enumerated(spec, _):
    image = spec.description.input[0].type.imageType
    image.enumeratedSizes.sizes.add(width=12, height=8)


def looping(given: int, results: int) -> Callable[[Any, Any], object]:
    def edit(_, block):
        block.operations[0].type = "while_loop"
        for _ in range(2):
            inner = block.operations[0].blocks.add()
            for number in range(given):
                inner.inputs.add(name=f"i{number}").type.CopyFrom(block.operations[0].outputs[0].type)
            inner.outputs.extend(["image"] * results)

    return edit


def attribute(edit: Callable[[Any], object]) -> Callable[[Any, Any], object]:
    """Of the value 2.0 that is multiplied by."""
    return lambda _, block: edit(block.operations[0].inputs["y"].arguments[0])


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (size(10**6, 10**6), "feature image is a picture of 1000000x1000000 pixels"),
        (size(0, 4), "a picture of 0x4 pixels"),
        (size(-1, 4), "a picture of -1x4 pixels"),
        (enumerated, "image has 6x4 pixels, which are not among its sizes"),
        (lambda spec, _: setattr(spec.description.input[0].type.imageType, "colorSpace", 77), "colour layout 77"),
        (lambda spec, _: setattr(spec.description.output[0].type.multiArrayType, "dataType", 5), "unknown type 5"),
        (lambda spec, _: spec.description.output[0].type.multiArrayType.shape.extend([2**40]), "has the shape"),
        (lambda spec, _: spec.description.input[0].ClearField("type"), "feature image has no type"),
        (lambda spec, _: setattr(spec.description.input[0], "name", "x"), "the program differ in image, x"),
        (lambda spec, _: setattr(spec.description.output[0], "name", "z"), "the program differ in z"),
        (lambda spec, _: spec.description.ClearField("output"), "it has no outputs"),
        (lambda _, block: block.operations[0].outputs.add(name="y"), "y is declared twice, or without a type"),
        (lambda _, block: setattr(block.operations[1].outputs[0], "name", "image"), "image is declared twice"),
        (lambda _, block: block.operations.reverse(), r"add at y: nothing before it is called doubled"),
        (lambda _, block: setattr(block.operations[0].outputs[0], "name", "z"), "nothing before it is called doubled"),
        (lambda _, block: setattr(block.operations[0].outputs[0].type.tensorType, "dataType", 99), "type 99 is not"),
        (lambda _, block: block.operations[0].blocks.add(), "it has blocks of its own"),
        (lambda _, block: setattr(block.operations[0], "type", "const"), "a constant has one output and a value"),
        (lambda _, block: setattr(block.operations[0], "type", "cond"), "it has 0 blocks, not 2, or lacks pred"),
        (looping(1, 1), "it has 2 blocks, not 2, or lacks loop_vars"),
        (attribute(lambda each: each.ClearField("binding")), "an input is bound to nothing"),
        (attribute(lambda each: each.value.ClearField("type")), "a value is of the unknown type None"),
        (attribute(lambda each: each.value.ClearField("immediateValue")), "a value of type tensor holds none"),
        (
            attribute(lambda each: setattr(each.value.type.tensorType, "dataType", MIL_pb2.STRING)),
            "a value of 1 STRING holds 0 strings",
        ),
        (
            attribute(lambda each: setattr(each.value.type.tensorType.dimensions.add().constant, "size", 2**62)),
            "more than 1073741824 values",
        ),
    ],
)
def test_what_is_not_sound_is_one_line(package, edit, says):
    started = time.process_time()
    with pytest.raises(UserError, match=says) as refused:
        Program(edited(package, edit))
    assert time.process_time() - started < 5
    assert str(package) in str(refused.value)


def test_an_endless_loop_ends(tmp_path, capfd, monkeypatch):
    """Which only a process of its own can end, for who runs it and for who compares."""
    path = tmp_path / "endless.mlpackage"
    loop = Operation("while_loop", {"loop_vars": [Named("image")]}, {"y": SHAPE})
    write_package(path, inputs={"image": SHAPE}, operations=[loop], outputs=["y"], images={"image": "RGB"})

    def edit(_, block):
        (loop,) = block.operations
        condition, body = loop.blocks.add(), loop.blocks.add()
        condition.inputs.add(name="a").type.CopyFrom(loop.outputs[0].type)
        body.inputs.add(name="b").type.CopyFrom(loop.outputs[0].type)
        body.outputs.append("b")
        operation = condition.operations.add(type="const")
        output = operation.outputs.add(name="go")
        output.type.tensorType.dataType = MIL_pb2.BOOL
        value = operation.attributes["val"]
        value.type.CopyFrom(output.type)
        value.immediateValue.tensor.bools.values.append(True)
        condition.outputs.append("go")

    edited(path, edit)
    picture = tmp_path / "picture.png"
    Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(picture)
    monkeypatch.setattr("validation.runtimes.apart.ANY", 3.0)
    assert main(["run", "--image", str(picture), str(path)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "endless.mlpackage: what reads and runs it took more than 3 s of processor time" in line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="NOT RUN: there are no pipes in folders here")
@pytest.mark.parametrize("place", ["Manifest.json", str(MODEL), "Data/com.apple.CoreML/weights/weight.bin", ""])
def test_pipes_in_the_place_of_files(package, place):
    path = package / place
    path.rename(package.with_name("away"))
    os.mkfifo(path)
    if place.endswith("weight.bin"):
        edited(package, lambda _, block: _stored(block))
    with pytest.raises(UserError, match="is a pipe or a device" if place else "is no .mlpackage"):
        Program(package)


def _stored(block: Any) -> None:
    value = block.operations[0].inputs["y"].arguments[0].value
    value.ClearField("immediateValue")
    value.blobFileValue.fileName = "@model_path/weights/weight.bin"
    value.blobFileValue.offset = 64


def test_a_manifest_that_is_nested_deep(package):
    (package / "Manifest.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)
    with pytest.raises(UserError, match="does not say which item is the root model"):
        Program(package)
    (package / "Manifest.json").write_text(json.dumps({"itemInfoEntries": [], "rootModelIdentifier": {}}))
    with pytest.raises(UserError, match="does not say which item is the root model"):
        Program(package)


def test_names_that_look_like_markup(package, capfd):
    edited(package, lambda _, block: setattr(block.operations[0], "type", "[/red]"))
    assert list_operations(package) == 1
    assert "[/red]" in capfd.readouterr().out
    with pytest.raises(UserError, match=r"\[/red\] at doubled"):
        Program(package)


def test_only_the_enumerated_sizes_are_taken(package):
    def edit(spec, block):
        image = spec.description.input[0].type.imageType
        image.enumeratedSizes.sizes.add(width=6, height=4)
        image.enumeratedSizes.sizes.add(width=3, height=2)
        for message in (spec.mlProgram.functions["main"].inputs[0], *(each.outputs[0] for each in block.operations)):
            for dimension in message.type.tensorType.dimensions[2:]:
                dimension.unknown.variadic = False

    program = Program(edited(package, edit))
    for height, width in ((4, 6), (2, 3)):
        assert program.predict({"image": np.ones((height, width, 3), np.uint8)})["y"].shape == (1, 3, height, width)
    with pytest.raises(UserError, match="takes images of 6x4, not 12x8"):
        program.predict({"image": np.ones((8, 12, 3), np.uint8)})
