"""The manifest: strict to read, and bound to its artifact's bytes."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import UserError
from reference.labels import distinct
from reference.manifest import digest, manifest_path, read_manifest, size_in_bytes
from reference.publication import publication

FIELDS = {
    "schema_version": 2,
    "kit_version": "0.2.0",
    "task": "classification",
    "size": "xxs",
    "checkpoint": {"id": "demo", "sha256": "0" * 64, "parameters": 5},
    "artifact": {
        "file": "m.tflite", "format": "tflite", "sha256": "", "bytes": 3, "precision": "float16", "compression": "none",
    },
    "options": {"quantize": "float16"},
    "input": {
        "name": "image", "kind": "tensor", "shape": [1, 256, 256, 3], "layout": "NHWC", "dtype": "float32",
        "minimum": 0, "maximum": 255, "color_order": "RGB", "network_color_order": "BGR",
        "scale": [0.5] * 3, "offset": [0.0] * 3,
    },
    "outputs": [
        {
            "name": "p", "kind": "tensor", "shape": [1, 2], "dtype": "float32", "meaning": "probabilities",
            "layout": None,
        }
    ],
    "preprocessing": {
        "resize": "shortest_edge", "resize_shortest_edge": 288, "resize_height": None, "resize_width": None,
        "interpolation": "bilinear", "antialias": True, "crop_height": 256,
        "crop_width": 256,
    },
    "other_sizes": [],
    "calibration": None,
    "labels": ["a", "b"],
    "palette": [],
    "tool_versions": {},
}  # fmt: skip


@pytest.fixture
def artifact(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(b"abc")
    write(path)
    return path


def write(artifact, **changes):
    own = {"artifact": {**FIELDS["artifact"], "sha256": hashlib.sha256(b"abc").hexdigest()}}
    manifest_path(artifact).write_text(json.dumps({**FIELDS, **own, **changes}))


def test_a_whole_manifest_reads(artifact):
    assert read_manifest(artifact).labels == ["a", "b"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"colour": "green"}, "colour"),
        ({"labels": "ab"}, "labels"),
        ({"palette": ["red"]}, "palette.0"),
        ({"outputs": [{**FIELDS["outputs"][0], "quantization": {"scale": 0.5}}]}, "outputs.0.quantization.zero_point"),
        ({"calibration": {"source": "scenes"}}, "calibration.samples"),
        ({"preprocessing": {**FIELDS["preprocessing"], "crop_height": "256"}}, "preprocessing.crop_height"),
        ({"preprocessing": {}}, "preprocessing.resize"),
        ({"preprocessing": {**FIELDS["preprocessing"], "resize": "both_sides"}}, "preprocessing"),
        ({"preprocessing": {**FIELDS["preprocessing"], "resize_width": 300}}, "preprocessing"),
        ({"preprocessing": {**FIELDS["preprocessing"], "crop_width": 224}}, "the file: .* for a crop of"),
        ({"input": {**FIELDS["input"], "color_order": "GBR"}}, "input.color_order"),
        ({"input": {**FIELDS["input"], "color_order": "L"}}, "input: .* L and BGR for 3 channels"),
        ({"input": {**FIELDS["input"], "scale": [0.5]}}, "input: .* 1 scales and 3 offsets for 3 channels"),
        (
            {"input": {**FIELDS["input"], "quantization": {"scale": 0.0, "zero_point": 0}}},
            "input.quantization.scale: .* greater than 0",
        ),
        ({"input": {**FIELDS["input"], "shape": [10**9, 256, 256, 3]}}, "input: .* are more than 268435456 values"),
        ({"preprocessing": {**FIELDS["preprocessing"], "crop_width": 10**9}}, "preprocessing: .* a crop of more than"),
        ({"input": {**FIELDS["input"], "shape": [256, 256, 3]}}, "input: .* 3 dimensions"),
        ({"outputs": [{**FIELDS["outputs"][0], "meaning": "label", "shape": [1]}]}, "the file: .* beside the label"),
        ({"outputs": [{**FIELDS["outputs"][0], "meaning": "logits", "layout": "NCHW"}]}, "outputs.0: .* layout NCHW"),
        ({"outputs": [{**FIELDS["outputs"][0], "shape": []}]}, "outputs.0.shape"),
        ({"labels": ["a"]}, "the file: .* 1 labels for 2 classes"),
        ({"input": {**FIELDS["input"], "shape": [2, 256, 256, 3]}}, "the file: .* no answer to each of 2 images"),
    ],
)
def test_anything_else_is_an_error_that_says_where(artifact, changes, where):
    write(artifact, **changes)
    with pytest.raises(UserError, match=f"no valid manifest: {where}"):
        read_manifest(artifact)


def with_answer(**answer):
    return {"outputs": [{**FIELDS["outputs"][0], **answer}]}


GREY = {"shape": [1, 256, 256, 1], "color_order": "L", "network_color_order": "L", "scale": [0.5], "offset": [-1.0]}


@pytest.mark.parametrize(
    "changes",
    [
        with_answer(meaning="scores"),
        with_answer(meaning="values"),
        with_answer(meaning="logits"),
        with_answer(meaning="logits", shape=[2]),  # as Core ML has what is no batch
        {"input": {**FIELDS["input"], **GREY}},
        {"input": {**FIELDS["input"], "shape": [8, 256, 256, 3]}, **with_answer(shape=[8, 2])},
        {"preprocessing": {**FIELDS["preprocessing"], "resize": "none", "resize_shortest_edge": None}},
        {
            "preprocessing": {
                **FIELDS["preprocessing"], "resize": "both_sides", "resize_shortest_edge": None, "resize_height": 256,
                "resize_width": 300,
            }
        },
    ],
)  # fmt: skip
def test_heads_inputs_and_resizing_of_all_kinds_have_a_place(artifact, changes):
    write(artifact, **changes)
    read_manifest(artifact)


def test_an_older_manifest_says_how_to_make_a_new_one(artifact):
    write(artifact, schema_version=1, more="of what it had")
    with pytest.raises(UserError, match="of schema 1, this kit reads 2: convert .* python -m converters.tflite"):
        read_manifest(artifact)


def test_missing_files(artifact):
    manifest_path(artifact).unlink()
    with pytest.raises(UserError, match="cannot read .*manifest.json"):
        read_manifest(artifact)
    with pytest.raises(UserError, match="does not exist"):
        read_manifest(artifact.with_name("other.tflite"))


@pytest.mark.parametrize("moves", range(2, 7))  # before and after all is in its place
def test_what_was_killed_half_moved_is_completed_by_who_reads(artifact, moves, monkeypatch):
    rename, made = os.rename, 0

    def dies(source, target):
        nonlocal made
        if made == moves:
            raise KeyboardInterrupt
        made += 1
        rename(source, target)

    names = [manifest_path(artifact).name, artifact.name, "m.tflite.golden.json"]
    with suppress(KeyboardInterrupt), monkeypatch.context() as patch, publication(artifact.parent, names) as folder:
        (folder / "m.tflite").write_bytes(b"abc")
        write(folder / "m.tflite", labels=["new", "too"])
        (folder / names[-1]).write_text("{}")
        patch.setattr(os, "rename", dies)
    assert read_manifest(artifact).labels == ["new", "too"]
    assert sorted(path.name for path in artifact.parent.iterdir()) == sorted(names)


def test_other_bytes_are_noticed(artifact):
    artifact.write_bytes(b"abd")
    with pytest.raises(UserError, match="sha256 differs"):
        read_manifest(artifact)


def test_tree_digest_sees_names_contents_and_places(tmp_path):
    """The documented rule, redone here with sha256sum's own line format."""
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "two").write_bytes(b"22")
    (tmp_path / "a" / "one").write_bytes(b"1")
    lines = f"{hashlib.sha256(b'22').hexdigest()}  deep/two\n{hashlib.sha256(b'1').hexdigest()}  one\n"
    assert digest(tmp_path / "a") == hashlib.sha256(lines.encode()).hexdigest()
    assert size_in_bytes(tmp_path / "a") == 3
    (tmp_path / "a" / "one").rename(tmp_path / "a" / "uno")
    assert digest(tmp_path / "a") != hashlib.sha256(lines.encode()).hexdigest()


def test_what_macos_leaves_in_a_package_does_not_count(tmp_path):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "one").write_bytes(b"1")
    before = digest(tmp_path / "a")
    for name in (".DS_Store", "deep/.DS_Store", "deep/._one"):
        (tmp_path / "a" / name).write_bytes(b"more")
    assert (digest(tmp_path / "a"), size_in_bytes(tmp_path / "a")) == (before, 1)
    (tmp_path / "a" / "deep" / ".hidden").touch()
    assert digest(tmp_path / "a") != before


@pytest.mark.parametrize("target", ["deep", "deep/one", "nowhere"])
def test_a_link_in_a_package_is_refused_by_name(tmp_path, target):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "one").write_bytes(b"1")
    (tmp_path / "a" / "deep" / "link").symlink_to(tmp_path / "a" / target)
    with pytest.raises(UserError, match="a is no artifact: deep/link in it is a link"):
        digest(tmp_path / "a")
    (tmp_path / "whole").symlink_to(tmp_path / "a" / "deep" / "one")
    assert digest(tmp_path / "whole") == hashlib.sha256(b"1").hexdigest(), "an artifact may itself be given by a link"


def test_nor_is_a_pipe_waited_for(tmp_path):
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "pipe")
    with pytest.raises(UserError, match="a is no artifact: pipe in it is neither file nor folder"):
        digest(tmp_path / "a")


@given(st.lists(st.sampled_from(["crane", "crane (0)", "crane (1)", "maillot", "cat"]), max_size=8))
def test_distinct_labels_keep_their_order_and_unique_names(labels):
    unique = distinct(labels)
    assert len(set(unique)) == len(labels)
    assert all(name.startswith(label) for name, label in zip(unique, labels))
    assert all(name == label for name, label in zip(unique, labels) if labels.count(label) == 1)
