"""A manifest that claims coarser numbers than its file holds is a failed check, and so is a golden set that lies."""

from __future__ import annotations

import dataclasses
import json

import pytest

from reference.golden import digest_of_bounds, golden_set
from validation import parity
from validation.artifact import open_artifacts
from validation.checks.claims import untrue_claims, wrong_golden

from . import mistaken

# What makes the fixture's artifact, and the claims that are finer than it, or as fine.
FILES = [
    ("tflite", "none", ["none float32"]),
    ("tflite", "float16", ["none float32", "none float16"]),
    ("tflite", "int8", ["none float16", "int8-weight float32", "int8-dynamic float32", "int8 float32"]),
    ("tflite", "int8-full", ["int8-weight float32", "int8-full float32", "int16x8 float32"]),
    ("onnx_file", "none", ["none float32"]),
    ("onnx_file", "float16", ["none float16"]),
    ("onnx_file", "int8", ["int8 float32"]),
    pytest.param("mlpackage", "float16", ["none float16", "none mixed"], marks=pytest.mark.writes_packages),
]
CLAIMS = {
    "none float32", "none float16", "int8-weight float32", "int8-dynamic float32", "int8 float32", "int8-full float32",
    "int16x8 float32", "palettize8 float16", "palettize6 float16", "palettize4 float16", "w8a8 float16",
    "recipe8 float32", "recipe4 float32",
}  # fmt: skip


def claiming(artifact, claim: str):
    compression, precision = claim.split()
    facts = artifact.manifest.artifact.model_copy(update={"compression": compression, "precision": precision})
    return dataclasses.replace(artifact, manifest=artifact.manifest.model_copy(update={"artifact": facts}))


@pytest.mark.parametrize(("fixture", "mode", "fine"), FILES)
def test_claims_that_the_file_does_not_bear_out(artifact, fixture, mode, fine):
    given = artifact(fixture, mode)
    assert untrue_claims(given) == []
    assert [claim for claim in fine if untrue_claims(claiming(given, claim))] == []
    held = {"none": 32, "float16": 16}.get(mode, 8)
    finer = {claim for claim in CLAIMS if int("".join(filter(str.isdigit, claim.split()[0])) or 32) < held}
    finer = {claim for claim in finer if "int16x8" not in claim} | ({"palettize4 float16", "recipe4 float32"})
    assert finer
    assert {claim for claim in finer if not untrue_claims(claiming(given, claim))} == set()


def test_palettes_are_told_apart_by_their_tables(aimodel):
    (given,) = open_artifacts([aimodel(compress="palettize6").path])
    found = {bits: untrue_claims(claiming(given, f"palettize{bits} float16")) for bits in (8, 6, 4)}
    assert (found[8], found[6]) == ([], [])
    assert found[4] == ["the manifest says palettize4, but no weights in the file have fewer than 6 bits"]


def test_parity_fails_what_calls_itself_coarser(tflite, tmp_path):
    wrong = mistaken.copy_of(tflite("none").path, tmp_path)
    manifest = json.loads(wrong.with_name(wrong.name + ".manifest.json").read_text())
    manifest["artifact"] |= {"compression": "int8"}
    wrong.with_name(wrong.name + ".manifest.json").write_text(json.dumps(manifest))
    (result,) = parity([wrong])
    failed = [(check.check, check.reason) for check in result.checks if check.verdict == "FAIL"]
    assert failed == [
        ("manifest", "the manifest says int8, but no weights in the file have fewer than 32 bits"),
        ("manifest", "the manifest says int8, but no operation in the file computes with integers"),
    ]


def test_golden_sets_of_other_files_and_loosened_ones_fail(onnx_file, demo, photographs, tmp_path):
    (given,) = open_artifacts([onnx_file("none").path])
    golden = golden_set(demo, given.manifest, photographs[:2])
    assert wrong_golden(golden, given) == []
    foreign = golden.model_copy(update={"sha256": "b" * 64})
    (line,) = wrong_golden(foreign, given)
    assert line.startswith(f"the golden set is of another file than {given.label}")

    bounds = golden.bounds | {"sqnr_db": 5.0}
    loosened = {"bounds": bounds, "bounds_sha256": digest_of_bounds(golden.sha256, bounds)}  # by somebody who knows how
    golden.model_copy(update=loosened).write(tmp_path / "m.golden.json")
    (result,) = parity([given], golden=tmp_path / "m.golden.json")
    (check,) = (check for check in result.checks if check.verdict == "FAIL")
    assert (check.check, check.reason.partition(",")[0]) == ("golden", "the golden set's bound of sqnr_db is 5.0")
