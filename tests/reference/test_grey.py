"""Networks of one channel: pictures become grey before all else.

Oracles: the fixtures that Swift and Kotlin are held to, made by transformers' processor; timm's transform; Pillow.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from timm.models import save_for_hf
from transformers import MobileViTForImageClassification as Theirs

from reference import MobileViTConfig, MobileViTForImageClassification, MobileViTImageProcessor
from reference.checkpoints import load_checkpoint
from reference.config import SIZES
from reference.errors import UserError
from reference.initialise import randomise

from ..rounding import assert_as_model

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "contract" / "processors.json").read_text())


@pytest.mark.parametrize("kind", ["grey", "expected"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["preprocessing"]["resize"])
def test_crops_are_those_of_the_phone_libraries(case, kind):
    """In colours too, for the sake of timm's ways to resize."""
    steps = case["preprocessing"]
    rgb = np.frombuffer(base64.b64decode(case["rgb"]), np.uint8).reshape(case["height"], case["width"], 3)
    processor = MobileViTImageProcessor(
        do_resize=steps["resize"] != "none",
        size=steps["resize_shortest_edge"] or (steps["resize_height"] or 1, steps["resize_width"] or 1),
        crop_size={"height": steps["crop_height"], "width": steps["crop_width"]},
        resample=Image.Resampling[steps["interpolation"].upper()],
        fit=steps["resize"] if steps["resize"] in ("cover", "contain") else None,
        num_channels=1 if kind == "grey" else 3,
    )
    pixels = processor.resize_and_crop(rgb)
    assert pixels.shape == (steps["crop_height"], steps["crop_width"], processor.num_channels)
    assert pixels.tobytes() == base64.b64decode(case[kind])


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA"])
def test_grey_is_pillows(photographs, mode):
    picture = photographs[0].convert(mode)
    expected = MobileViTImageProcessor(num_channels=1).resize_and_crop(picture.convert("L"))
    np.testing.assert_array_equal(MobileViTImageProcessor(num_channels=1).resize_and_crop(picture), expected)


@pytest.fixture(scope="module")
def timms(tmp_path_factory):
    """timm's network of one channel, and its folder."""
    model = timm.create_model("mobilevit_xxs", num_classes=3, in_chans=1)
    randomise(model, 3)
    folder = tmp_path_factory.mktemp("grey") / "timms"
    save_for_hf(model, folder, safe_serialization=True)
    return model.eval(), folder


@pytest.mark.parametrize("normalizes", [False, True])
def test_timm(timms, photographs, normalizes):
    model, folder = timms
    fields = json.loads((folder / "config.json").read_text())
    own = fields["pretrained_cfg"] | {"input_size": [1, 256, 256]}  # older releases leave three channels there
    own |= {"mean": [0.45], "std": [0.225]} if normalizes else {"mean": [0.0], "std": [1.0]}
    (folder / "config.json").write_text(json.dumps(fields | {"pretrained_cfg": own}))
    checkpoint = load_checkpoint(str(folder))
    transform = create_transform(**resolve_data_config({}, pretrained_cfg=own))
    compared = 0
    for picture in photographs:
        margins = np.array(checkpoint.processor.fitted(*picture.size)) - 256
        if ((margins / 2).round() != margins // 2).any():  # torchvision halves odd ones to the even neighbour
            continue
        expected = transform(picture.convert("L"))
        values = torch.from_numpy(checkpoint.processor(picture, return_tensors="np")["pixel_values"])
        np.testing.assert_allclose(values[0], expected, rtol=0, atol=8 * 2**-24 * expected.abs().max())
        compared += 1
    assert compared >= 3
    with torch.no_grad():
        assert_as_model(checkpoint.model(values).logits, model, values, field=None)


def test_transformers(tmp_path, photographs):
    ours = MobileViTForImageClassification(MobileViTConfig(**SIZES["xxs"], num_channels=1, num_labels=3))
    randomise(ours, 4)
    ours.save_pretrained(tmp_path)
    MobileViTImageProcessor(size=110, crop_size=96).save_pretrained(tmp_path)
    checkpoint = load_checkpoint(str(tmp_path))
    values = checkpoint.processor(photographs[:2], return_tensors="pt")["pixel_values"]
    assert values.shape == (2, 1, 96, 96)
    with torch.no_grad():
        assert_as_model(checkpoint.model(values).logits, Theirs.from_pretrained(tmp_path).eval(), values)


def test_a_round_trip_keeps_the_channel(tmp_path):
    MobileViTImageProcessor(num_channels=1).save_pretrained(tmp_path)
    assert MobileViTImageProcessor.from_pretrained(tmp_path).num_channels == 1
    assert "num_channels" not in MobileViTImageProcessor().to_dict()


@pytest.mark.parametrize("moments", [0.25, [0.25], [0.25] * 3])
def test_one_mean(moments):
    processor = MobileViTImageProcessor(do_normalize=True, image_mean=moments, image_std=moments, num_channels=1)
    assert (processor.mean, processor.deviation) == ((0.25,), (0.25,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_channels": 4}, "the network takes 4"),
        ({"num_channels": 1, "image_mean": [0.4, 0.5, 0.6]}, "image_mean must be one number"),
        ({"num_channels": 3, "image_mean": [0.5]}, "image_mean must be three numbers"),
    ],
)
def test_what_fits_no_picture(options, message):
    with pytest.raises(UserError, match=message):
        MobileViTImageProcessor(**{"do_normalize": True, "image_mean": 0.5, "image_std": 0.5, **options})
