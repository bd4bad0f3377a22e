"""`--max-drop`: a part made bad on purpose is found, and goes back to float."""

from __future__ import annotations

import re

import numpy as np
import pytest

from converters.tflite import fallback
from converters.tflite.checks import float_weights, structure
from converters.tflite.fallback import Labelled, labelled_images, walk
from converters.tflite.ranges import choose, measure
from converters.tflite.recipes import recipe
from reference import scenes
from reference.checkpoints import load_checkpoint
from reference.errors import UserError

BAD = "layer.4/fusion"


@pytest.fixture(scope="module")
def plain(tflite):
    return tflite("none").path.read_bytes()


@pytest.fixture(scope="module")
def images(demo):
    rendered = [scenes.render("train", index) for index in range(12)]
    return Labelled(
        [demo.processor.resize_and_crop(each.image) for each in rendered], np.array([each.label for each in rendered])
    )


def test_the_harmful_part_goes_back_to_float(plain, images, monkeypatch):
    monkeypatch.setattr(fallback, "PART", re.compile(r"^(conv_stem|layer\.4/(conv_kxk|fusion))"))
    ranges = choose(measure(plain, [each[None] for each in images.pixels[:4]]), "minmax")
    for name, ends in ranges.items():
        if f"{BAD}/convolution" in name:  # not its result, which the next part reads
            ranges[name] = {end: value / 64 for end, value in ends.items()}
    steps, rules = walk(plain, recipe("int8", "classification"), ranges, images, max_drop=10)
    assert steps[0].kept == ()
    assert steps[0].drop > 30
    assert steps[-1].kept == (BAD,)
    assert steps[-1].drop <= 10
    assert len(steps[-1].content) > len(steps[0].content)
    assert structure(steps[-1].content).float_weights == float_weights(plain, rules) == 1
    with pytest.raises(UserError, match="no choice of float parts keeps the drop below -1000"):
        walk(plain, recipe("int8", "classification"), ranges, images, max_drop=-1000)


def test_labels_are_the_names_of_sub_folders(demo, tmp_path):
    label = demo.model.config.labels[7]
    for name in (label, "unheard of"):
        (tmp_path / name).mkdir()
    scenes.render("train", 0).image.save(tmp_path / label / "one.png")
    found = labelled_images(demo, tmp_path)
    assert found.classes.tolist() == [7]
    assert found.pixels[0].shape == (256, 256, 3)
    scenes.render("train", 0).image.save(tmp_path / "unheard of" / "two.png")
    with pytest.raises(UserError, match="unheard of .* is no label"):
        labelled_images(demo, tmp_path)
    with pytest.raises(UserError, match="needs --labelled FOLDER"):
        labelled_images(load_checkpoint("random"), None)
    with pytest.raises(UserError, match="for --task classification"):
        labelled_images(load_checkpoint("random", "xxs", "features"), None)
