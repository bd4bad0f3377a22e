"""The golden set, and the numbers that the phones' code is tested with."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import MobileViTImageProcessor

from converters.app import models_folder
from reference.errors import UserError
from reference.golden import golden_set, read_golden
from reference.manifest import manifest_path, read_manifest
from tests.contract import FOLDER, contract
from tests.rounding import resizes_in_two_orders
from validation.device.export import read_device_results

# What transformers and timm themselves answer.
BY_OTHERS = {"processors.json": resizes_in_two_orders}


@pytest.fixture
def golden(demo, tflite, tmp_path):
    path = tmp_path / "x.golden.json"
    path.write_text(golden_set(demo, tflite().manifest).model_dump_json())
    return path


def opened(png):
    return Image.open(io.BytesIO(png))


def test_its_pictures_crops_and_answers_belong_together(golden, demo):
    read = read_golden(golden)
    theirs = MobileViTImageProcessor(size={"shortest_edge": 288}, crop_size={"height": 256, "width": 256}, resample=2)
    for picture, answer in zip(read.pictures, read.answers(), strict=True):
        values = theirs(opened(picture.png), return_tensors="pt")["pixel_values"]
        crop = np.asarray(opened(picture.crop_png))[..., ::-1].transpose(2, 0, 1) / 255
        np.testing.assert_allclose(values[0], crop, atol=1.5 / 255, err_msg="transformers resizes in torch")
        with torch.inference_mode():
            logits = demo.model(torch.tensor(crop, dtype=torch.float32)[None]).logits[0].numpy()
        expected = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(answer, expected, atol=1e-5)
        assert expected.max() > 0.5, "the bundled network knows its scenes"
    first, second = np.sort(read.answers(), axis=1)[:, :-3:-1].T
    assert (first > 1.1 * second).all()
    assert read.bounds["top1_agreement"] == 1, "float16 turns none of them"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 1}, "golden set of schema 1, this kit reads 2"),
        ({"extra": 1}, "extra"),
        ({"shape": [31]}, "30 values"),
        ({"sha256": "x"}, "sha256"),
        ({"sha256": "b" * 64}, "bounds_sha256 differs"),
        ({"bounds": {"sqnr_db": 5.0}}, "bounds_sha256 differs"),
        ({"pictures": [{"name": "0", "png": "!", "crop_png": "", "answer": ""}]}, "pictures.0.png"),
    ],
)
def test_a_wrong_set_is_refused(golden, change, says):
    golden.write_text(json.dumps({**json.loads(golden.read_text()), **change}))
    with pytest.raises(UserError, match=says):
        read_golden(golden)


def test_a_set_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_golden(tmp_path / "x.golden.json")


def test_demos_have_a_place_for_artifacts(tmp_path):
    assert models_folder(tmp_path / "ios_demo") == tmp_path / "ios_demo/App/Models"
    assert models_folder(tmp_path / "android_demo") == tmp_path / "android_demo/app/src/main/assets/models"
    assert models_folder(tmp_path) == tmp_path


def same(written, expected):
    """Equal but for the last digits, which processors differ in, and for how PNG files are packed."""
    if isinstance(expected, dict):
        assert written.keys() == expected.keys()
        for key, value in expected.items():
            if key.endswith("png"):
                continue
            same(written[key], value)
    elif isinstance(expected, list):
        assert len(written) == len(expected)
        for pair in zip(written, expected):
            same(*pair)
    else:
        assert written == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected)


@pytest.fixture(scope="module")
def phones():
    return contract()


def test_the_phones_have_every_fixture(phones):
    assert {path.name for path in FOLDER.iterdir()} == phones.keys()


@pytest.mark.parametrize(
    "path",
    [pytest.param(each, id=each.name, marks=BY_OTHERS.get(each.name, ())) for each in sorted(FOLDER.iterdir())],
)
def test_the_phones_fixtures_are_what_python_says(phones, path):
    """After a change: python -m tests.contract."""
    same(json.loads(path.read_text()), json.loads(json.dumps(phones[path.name])))


def test_pythons_readers_take_the_fixtures(tmp_path):
    golden, results = read_golden(FOLDER / "golden.json"), read_device_results(FOLDER / "device_results.json")
    assert golden.answers().shape == (2, 3)
    assert results.runs[0].sha256 == golden.sha256
    artifact = tmp_path / "m"
    artifact.touch()
    cases = json.loads((FOLDER / "manifests.json").read_text())
    for manifest in cases["valid"]:
        manifest_path(artifact).write_text(json.dumps(manifest))
        with pytest.raises(UserError, match="sha256 differs"):  # and nothing else
            read_manifest(artifact)
    for case in cases["invalid"]:
        manifest_path(artifact).write_text(json.dumps(case["manifest"]))
        with pytest.raises(UserError, match="of schema 1" if "schema" in case["why"] else "no valid manifest"):
            read_manifest(artifact)
