"""Class names: in files, in checkpoints, and as people write them."""

from __future__ import annotations

import json

import pytest

from converters.naming import file_name
from converters.onnx.convert import convert
from converters.onnx.options import ONNXOptions
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.label_files import read_labels
from reference.labels import LabelIndex

NAMES = ["dog", "cat, tabby", "Käfer"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "dog\ncat, tabby\nKäfer\n\n"),
        ("a.names", "\ufeffdog\r\ncat, tabby\r\nKäfer"),
        ("a.csv", 'dog\n"cat, tabby"\nKäfer\n'),
        ("a.csv", 'index,label\n1,"cat, tabby"\n0,dog\n2,Käfer\n'),
        ("a.csv", 'Name,remark\ndog,x\n"cat, tabby",\nKäfer,\n'),
        ("a.json", json.dumps(NAMES)),
        ("a.json", json.dumps({"2": "Käfer", "0": "dog", "1": "cat, tabby"})),
        ("a.json", json.dumps({"Käfer": 2, "dog": 0, "cat, tabby": 1})),
        ("a.json", json.dumps({"model_type": "mobilevit", "id2label": dict(enumerate(NAMES))})),
    ],
)
def test_files_of_labels(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_labels(tmp_path / name, 3) == NAMES


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"dog\ncat\n", "names 2 classes, the checkpoint's head has 3"),
        ("a.txt", b"dog\n\ncat\n", r"label 1 is empty"),
        ("a.txt", "dog\ncat\nKäfer\n".encode("latin-1"), "8-bit encoding such as Windows-1252"),
        ("a.csv", b"0,dog\n1,cat\n2,eel\n", "name them index and label"),
        ("a.csv", b"index,label\n0,dog\n0,cat\n2,eel\n", "the index '0' of 'cat' is no number, or stands twice"),
        ("a.csv", b"index,label\n1,dog\n2,cat\n3,eel\n", "names no class 0"),
        ("a.csv", b"index,label\n0,dog\n1\n2,eel\n", "a row of 1 columns"),
        ("a.json", b'["dog", "two\\nlines", "eel"]', "label 1 has a line break"),
        ("a.json", b"[1, 2, 3]", "must hold a list of names, or a map"),
        ("a.json", b"[", "not valid JSON"),
    ],
)
def test_files_that_are_no_labels(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        read_labels(tmp_path / name, 3)
    assert "\n" not in str(refused.value)


def test_names_are_found_and_never_guessed():
    index = LabelIndex(["dotted ring", "3", "C++", "C#", "crane", "crane"])
    found = {name: index.find(name) for name in ("Dotted_ring", "3", "0", "C#", "crane (5)", "4")}
    assert found == {"Dotted_ring": 0, "3": 1, "0": 0, "C#": 3, "crane (5)": 5, "4": 4}
    assert [index.find(name) for name in ("doted ring", "c", "crane", "6", "-1", "", "_", "٣")] == [None] * 8


def test_labels_that_no_line_holds_are_refused_before_a_conversion(tmp_path):
    for label in ("two\nlines", "two\rlines", "two\u2028lines", "", "  "):
        checkpoint = load_checkpoint("random")
        checkpoint = checkpoint.labelled([label, *checkpoint.model.config.labels[1:]])
        with pytest.raises(UserError, match="checkpoint random: label 0 .*with --labels FILE"):
            convert(checkpoint, tmp_path, ONNXOptions())


def test_labels_of_a_file_are_checked_and_mark_the_name(tmp_path):
    checkpoint = load_checkpoint("demo")
    (tmp_path / "a.txt").write_text("a\nb\n")
    with pytest.raises(UserError, match="names 2 classes, the checkpoint's head has 30"):
        convert(checkpoint, tmp_path, ONNXOptions(labels=tmp_path / "a.txt"))
    with pytest.raises(UserError, match="--labels is for classification and segmentation"):
        ONNXOptions(labels=tmp_path / "a.txt").settled("features")
    (tmp_path / "b.txt").write_text("a\nc\n")
    options = [ONNXOptions(), *(ONNXOptions(labels=tmp_path / name) for name in ("a.txt", "b.txt"))]
    assert len({file_name(checkpoint, each) for each in options}) == 3
