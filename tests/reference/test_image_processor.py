"""Preprocessing against Hugging Face's image processor with the bilinear filter."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.mobilevit.image_processing_pil_mobilevit import MobileViTImageProcessorPil

from reference.errors import UserError
from reference.image_processor import MobileViTFeatureExtractor, MobileViTImageProcessor
from reference.picture_files import open_image

from ..rounding import resizes_in_two_orders


def oracle(processor: MobileViTImageProcessor, image: Image.Image) -> np.ndarray:
    twin = MobileViTImageProcessorPil(size=processor.size, crop_size=processor.crop_size, resample=processor.resample)
    return twin(image, return_tensors="np")["pixel_values"]


def test_photographs_equal_the_oracle(demo, photographs):
    for image in photographs:
        answer = demo.processor(image, return_tensors="np")["pixel_values"]
        expected = oracle(demo.processor, image)
        assert answer.shape == expected.shape == (1, 3, 256, 256)
        assert np.abs(answer - expected).max() <= 1 / 255


@resizes_in_two_orders
@given(width=st.integers(8, 90), height=st.integers(8, 90), edge=st.integers(8, 60), crop=st.integers(8, 70))
@settings(max_examples=80)
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


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV", "1"])
def test_other_modes_become_rgb(demo, photographs, mode):
    image = photographs[0].convert("RGB").convert(mode)
    assert np.array_equal(demo.processor.resize_and_crop(image), demo.processor.resize_and_crop(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_more_than_eight_bits_are_refused(mode):
    deep = Image.fromarray(np.full((40, 40), 40_000, np.uint16)).convert(mode)
    with pytest.raises(UserError, match="more than 8 bits"):
        MobileViTImageProcessor()(deep)


def kinds_of(pixels: np.ndarray) -> dict[str, object]:
    """The same uint8 picture [H, W, 3] in every form that is taken."""
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return {
        "PIL": Image.fromarray(pixels),
        "bytes, channels last": pixels,
        "bytes, channels first": planes,
        "int64": pixels.astype(np.int64),
        "whole floats": pixels.astype(np.float64),
        "floats in 0..1": pixels.astype(np.float32) / 255,
        "torch bytes": torch.from_numpy(planes),
        "torch floats in 0..1": torch.from_numpy(planes).float() / 255,
        "batch array": pixels[None],
        "list": [Image.fromarray(pixels)],
    }


def test_half_precision_is_taken():
    for half in (torch.float16, torch.bfloat16):
        picture = torch.rand((3, 40, 50), generator=torch.Generator().manual_seed(0)).to(half)
        answer, expected = (MobileViTImageProcessor()(each, return_tensors="np") for each in (picture, picture.float()))
        assert np.array_equal(answer.pixel_values, expected.pixel_values)


def test_every_kind_of_picture_gives_the_same_input(photographs):
    processor = MobileViTImageProcessor(size=48, crop_size=40)
    pixels = np.asarray(photographs[0].resize((70, 52)))
    expected = oracle(processor, Image.fromarray(pixels))
    for name, picture in kinds_of(pixels).items():
        assert np.abs(processor(picture, return_tensors="np").pixel_values - expected).max() <= 1 / 255, name


def test_floats_in_0_to_1_need_no_rescaling(photographs):
    """The page: images in 0..1 go with do_rescale=False, and stay in 0..1."""
    unit = np.asarray(photographs[0], dtype=np.float32) / 255
    answer = MobileViTImageProcessor()(unit, do_rescale=False, return_tensors="np").pixel_values
    expected = MobileViTImageProcessorPil(resample=2)(unit, do_rescale=False, return_tensors="np").pixel_values
    assert np.abs(answer - expected).max() <= 1 / 255
    assert 0.5 < answer.max() <= 1


def test_grey_arrays_and_ambiguous_shapes():
    grey = np.random.default_rng(0).integers(0, 256, (9, 5), dtype=np.uint8)
    processor = MobileViTImageProcessor(do_resize=False, do_center_crop=False)
    plain = processor(grey)["pixel_values"][0]
    assert plain.shape == (3, 9, 5)
    assert np.array_equal(processor(grey[None])["pixel_values"][0], plain)
    assert np.array_equal(processor(grey[..., None])["pixel_values"][0], plain)
    cube = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    last = processor(cube, input_data_format="channels_last")["pixel_values"][0]
    first = processor(cube, input_data_format="channels_first")["pixel_values"][0]
    assert (last.shape, first.shape) == ((3, 3, 5), (3, 5, 3))


def test_options_can_differ_for_one_call(photographs):
    processor = MobileViTImageProcessor(size=60, crop_size=50)
    options = {
        "do_resize": False, "do_center_crop": False, "do_rescale": False, "do_flip_channel_order": False,
    }  # fmt: skip
    (plain,) = processor(photographs[0], data_format="channels_last", **options)["pixel_values"]
    assert np.array_equal(plain, np.asarray(photographs[0]))
    changed = processor(photographs[0], size={"height": 40, "width": 30}, crop_size=20, resample=3)["pixel_values"][0]
    other = MobileViTImageProcessor(size={"height": 40, "width": 30}, crop_size=20, resample=3)
    assert np.array_equal(changed, other(photographs[0])["pixel_values"][0])
    pair = processor(photographs[0], size=(40, 30), crop_size=[20, 20], resample=3, do_convert_rgb=True)
    assert np.array_equal(pair["pixel_values"][0], changed)
    assert np.array_equal(
        processor(photographs[0], size=None)["pixel_values"], processor(photographs[0])["pixel_values"]
    )
    with pytest.raises(UserError, match="unknown option do_crop"):
        processor(photographs[0], do_crop=True)


@pytest.mark.parametrize("do_reduce_labels", [False, True])
def test_segmentation_maps_equal_the_oracle(photographs, do_reduce_labels):
    draw = np.random.default_rng(5)
    maps = [draw.integers(0, 256, (image.height // 9, image.width // 9), dtype=np.uint8) for image in photographs[:3]]
    maps = [np.asarray(Image.fromarray(m).resize(i.size, 0)) for m, i in zip(maps, photographs)]
    options = {"size": {"shortest_edge": 100}, "crop_size": {"height": 90, "width": 80}}
    ours = MobileViTImageProcessor(**options, do_reduce_labels=do_reduce_labels)
    theirs = MobileViTImageProcessorPil(**options, resample=2, do_reduce_labels=do_reduce_labels)
    for index, image in enumerate(photographs[:3]):
        # The oracle reduces labels in place, so it gets a copy.
        expected = theirs(image, segmentation_maps=maps[index].copy(), return_tensors="np")
        answer = ours(image, segmentation_maps=maps[index], return_tensors="np")
        assert answer.labels.dtype == np.int64
        assert np.array_equal(answer.labels, expected["labels"])
    batch = np.stack([maps[0], maps[0][::-1]])  # of maps, as of images
    answer = ours([photographs[0]] * 2, batch, return_tensors="np").labels
    expected = theirs([photographs[0]] * 2, batch.copy(), return_tensors="np")["labels"]
    assert np.array_equal(answer, expected)
    palette = Image.fromarray(maps[0]).convert("P")
    palette.putdata(maps[0].flatten().tolist())
    assert np.array_equal(ours(photographs[0], palette)["labels"][0], ours(photographs[0], maps[0])["labels"][0])


def test_maps_of_two_classes_and_maps_that_are_none():
    processor, image = MobileViTImageProcessor(do_resize=False, do_center_crop=False), Image.new("RGB", (3, 2))
    mask = np.array([[True, False, True], [False, False, True]])
    for form in (mask, mask[..., None], Image.fromarray(mask), torch.from_numpy(mask)):
        assert np.array_equal(processor(image, form, return_tensors="np").labels, mask[None])
    with pytest.raises(UserError, match="1 segmentation maps for 2 images"):
        processor([image] * 2, [mask])
    for wrong in (np.zeros((2, 3)), np.full((2, 3), 256), np.zeros((1, 2, 3, 3), int), Image.new("RGB", (3, 2))):
        with pytest.raises(UserError, match="a segmentation map must be"):
            processor(image, wrong)


def test_semantic_segmentation_maps_equal_the_oracle():
    logits = torch.randn((3, 5, 8, 6), generator=torch.Generator().manual_seed(0))
    outputs, sizes = SimpleNamespace(logits=logits), [(17, 30), (8, 6), (40, 5)]
    ours, theirs = MobileViTImageProcessor(), MobileViTImageProcessorPil()
    for target_sizes in (None, sizes, torch.tensor(sizes)):
        answer = ours.post_process_semantic_segmentation(outputs, target_sizes)
        expected = theirs.post_process_semantic_segmentation(outputs, target_sizes)
        assert all(torch.equal(one, other) for one, other in zip(answer, expected, strict=True))
        scored = ours.post_process_semantic_segmentation(outputs, target_sizes, return_segmentation_scores=True)
        expected = theirs.post_process_semantic_segmentation(outputs, target_sizes, return_segmentation_scores=True)
        for one, other in zip(scored, expected, strict=True):
            assert torch.equal(one.segmentation, other.segmentation)
            assert torch.equal(one.segmentation_scores, other.segmentation_scores)
    arrays = SimpleNamespace(logits=logits.numpy())  # TensorFlow's turn into these
    for one, other in zip(*(ours.post_process_semantic_segmentation(each, sizes) for each in (arrays, outputs))):
        assert torch.equal(one, other)
    with pytest.raises(UserError, match=r"logits must be \[batch"):
        ours.post_process_semantic_segmentation(SimpleNamespace(logits=torch.zeros(1, 5)))
    with pytest.raises(UserError, match="2 target sizes for 3 images"):
        ours.post_process_semantic_segmentation(outputs, sizes[:2])


def test_batches(photographs):
    processor = MobileViTImageProcessor(size=40, crop_size=32)
    batch = processor(photographs[:2], return_tensors="pt").to(torch.float64)
    assert batch["pixel_values"].shape == batch.pixel_values.shape == (2, 3, 32, 32)
    assert batch.pixel_values.dtype == torch.float64
    moved = processor(photographs[0], Image.new("L", photographs[0].size), return_tensors="pt").to(torch.float16)
    assert (moved.pixel_values.dtype, moved.labels.dtype) == (torch.float16, torch.int64)
    assert len(processor(photographs[:2]).to("cpu")["pixel_values"]) == 2
    with pytest.raises(UserError, match="there is no image"):
        processor([], return_tensors="np")
    with pytest.raises(UserError, match="do not fit into one batch"):
        processor(photographs[:2], do_center_crop=False, return_tensors="np")
    with pytest.raises(UserError, match="return_tensors"):
        processor(photographs[0], return_tensors="jax")
    assert MobileViTFeatureExtractor is MobileViTImageProcessor


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": {"width": 3}}, "size must be"),
        ({"size": {"shortest_edge": 0}}, "size must be"),
        ({"crop_size": {"height": "256", "width": 256}}, "crop_size must be"),
        ({"resample": 9}, "resample must be"),
        ({"do_normalize": True}, "image_mean must be three numbers for do_normalize"),
        ({"do_normalize": True, "image_mean": 0.5, "image_std": [1, 1, 0]}, "image_std must be above 0"),
        ({"do_pad": True}, "do_pad"),
        ({"size": [1, 2, 3]}, "size must be"),
    ],
)
def test_options_that_make_no_sense(options, message, tmp_path):
    with pytest.raises(UserError, match=message):
        MobileViTImageProcessor(**options)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(options))
    with pytest.raises(UserError, match=f"preprocessor_config.json: {message}"):
        MobileViTImageProcessor.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4, 4), np.uint8), "image array must be"),
        (np.zeros((0, 4, 3), np.uint8), "image array must be"),
        (np.full((4, 4, 3), 1.5), "floats in 0..1"),
        (np.full((4, 4, 3), -1), "floats in 0..1"),
        (np.full((4, 4, 3), 300), "floats in 0..1"),
        (np.full((4, 4, 3), np.nan), "floats in 0..1"),
        ("photo.jpg", "not str"),
    ],
)
def test_pictures_that_are_none(picture, message):
    with pytest.raises(UserError, match=message):
        MobileViTImageProcessor()([picture])


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


def test_truncated_image_is_refused(photographs, tmp_path):
    photographs[0].save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="half.png"):
        open_image(tmp_path / "half.png")
    with pytest.raises(UserError, match=r"half\.png of mode RGB cannot become RGB: "):
        MobileViTImageProcessor()(Image.open(tmp_path / "half.png"))


def test_modes_that_pillow_cannot_convert():
    with pytest.raises(UserError, match="an image of mode La cannot become RGB"):
        MobileViTImageProcessor()(Image.new("La", (4, 4)))
