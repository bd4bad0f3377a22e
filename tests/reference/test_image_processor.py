"""Preprocessing against Hugging Face's image processor with the bilinear filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.mobilevit.image_processing_pil_mobilevit import MobileViTImageProcessorPil

from reference.errors import UserError
from reference.image_processor import MobileViTImageProcessor, open_image


def oracle(processor: MobileViTImageProcessor, image: Image.Image) -> np.ndarray:
    twin = MobileViTImageProcessorPil(size=processor.size, crop_size=processor.crop_size, resample=processor.resample)
    return twin(image, return_tensors="np")["pixel_values"]


def test_photographs_equal_the_oracle(demo, photographs):
    for image in photographs:
        answer = demo.processor(image, return_tensors="np")["pixel_values"]
        expected = oracle(demo.processor, image)
        assert answer.shape == expected.shape == (1, 3, 256, 256)
        assert np.abs(answer - expected).max() <= 1 / 255


@given(width=st.integers(8, 90), height=st.integers(8, 90), edge=st.integers(8, 60), crop=st.integers(8, 70))
@settings(max_examples=80, deadline=None)
def test_any_geometry_equals_the_oracle(width, height, edge, crop):
    """Shrinking, enlarging, cropping and padding, odd and even."""
    noise = np.random.default_rng(width * 100 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    processor = MobileViTImageProcessor(size=edge, crop_size=crop)
    answer = processor(Image.fromarray(noise), return_tensors="np")["pixel_values"]
    assert np.abs(answer - oracle(processor, Image.fromarray(noise))).max() <= 1 / 255


def test_channel_order_is_bgr():
    red = Image.new("RGB", (300, 300), (255, 0, 0))
    blue, green, crimson = MobileViTImageProcessor(size=288)(red)["pixel_values"][0]
    assert (blue == 0).all()
    assert (green == 0).all()
    assert (crimson == 1).all()


def test_defaults_are_the_oracles_but_for_the_filter():
    twin, own = MobileViTImageProcessorPil(), MobileViTImageProcessor()
    assert own.size == {"shortest_edge": twin.size.shortest_edge}
    assert own.crop_size == {"height": twin.crop_size.height, "width": twin.crop_size.width}
    for name in ("do_resize", "do_center_crop", "do_rescale", "rescale_factor", "do_flip_channel_order"):
        assert getattr(own, name) == getattr(twin, name), name
    assert own.resample == Image.Resampling.BILINEAR


def test_configuration_round_trip(tmp_path):
    processor = MobileViTImageProcessor(size=300, crop_size=280, resample=Image.Resampling.BICUBIC, note="kept")
    processor.save_pretrained(tmp_path)
    again = MobileViTImageProcessor.from_json_file(tmp_path / "preprocessor_config.json")
    assert again.to_dict() == processor.to_dict()
    assert again.extra == {"note": "kept"}


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_other_modes_become_rgb(demo, photographs, mode):
    assert demo.processor.resize_and_crop(photographs[0].convert(mode)).shape == (256, 256, 3)


def test_camera_rotation_is_undone(demo, photographs, tmp_path):
    turned = photographs[0].transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate 90 degrees clockwise to display"
    turned.save(tmp_path / "turned.png", exif=exif)
    upright = demo.processor.resize_and_crop(photographs[0])
    assert np.array_equal(demo.processor.resize_and_crop(open_image(tmp_path / "turned.png")), upright)


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "words.jpg").write_text("not an image")
    with pytest.raises(UserError, match="words.jpg is not an image"):
        open_image(tmp_path / "words.jpg")
    with pytest.raises(UserError, match="cannot read image"):
        open_image(tmp_path / "missing.jpg")
    with pytest.raises(UserError, match="float64 array of shape"):
        MobileViTImageProcessor().resize_and_crop(np.zeros((4, 4)))
    with pytest.raises(UserError, match="do_normalize"):
        MobileViTImageProcessor(do_normalize=True)


def test_truncated_image_is_refused(photographs, tmp_path):
    photographs[0].save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="half.png"):
        open_image(tmp_path / "half.png")
