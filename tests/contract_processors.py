"""What transformers' own image processor and timm's transform make of pictures, for Swift and Kotlin.

See tests/contract.py.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from PIL import Image

from tests.contract_manifests import preprocessing
from validation.peers.imports import let_torchvision_import

# Width, height, and transformers' options of an image processor: the shortest edge and both sides, with a crop, with a
# larger one and without, not square either; no resizing.
PROCESSORS: list[tuple[int, int, dict[str, Any]]] = [
    (40, 30, {"size": {"shortest_edge": 18}, "crop_size": {"height": 16, "width": 16}}),
    (30, 40, {"size": {"shortest_edge": 18}, "crop_size": {"height": 12, "width": 18}}),
    (40, 30, {"size": {"shortest_edge": 12}, "do_center_crop": False}),
    (40, 30, {"size": {"height": 16, "width": 16}, "do_center_crop": False}),
    (33, 47, {"size": {"height": 12, "width": 20}, "do_center_crop": False}),
    (33, 47, {"size": {"height": 20, "width": 12}, "crop_size": {"height": 14, "width": 10}, "resample": 3}),
    (17, 9, {"size": {"height": 12, "width": 12}, "crop_size": {"height": 16, "width": 14}}),
    (40, 30, {"do_resize": False, "crop_size": {"height": 16, "width": 24}}),
    (9, 17, {"do_resize": False, "crop_size": {"height": 12, "width": 14}}),
    (20, 12, {"do_resize": False, "do_center_crop": False}),
]
# Width, height, timm's crop mode, height and width of the crop, its share: covering the crop and a margin, lying within
# both, by either side, shrunk and enlarged, once of half a pixel. Of odd margins torchvision halves the rest to the
# even neighbour, the kit downwards: there are none here.
TRANSFORMS = [
    (37, 29, "center", 12, 20, 1.0), (30, 37, "center", 12, 20, 0.75), (51, 34, "center", 20, 12, 0.7),
    (9, 6, "center", 14, 24, 1.0), (32, 25, "border", 16, 16, 1.0), (25, 48, "border", 20, 12, 1.0),
    (26, 6, "border", 12, 20, 0.75), (7, 4, "border", 14, 24, 1.0), (90, 6, "border", 17, 15, 1.0),
]  # fmt: skip


def processors() -> list[dict[str, Any]]:
    """Cases like those of pixels.json, which need no reading of ours."""
    operators = let_torchvision_import()  # both import it; defined as long as this object lives
    cases = [_processor(*each) for each in PROCESSORS] + [_transform(*each) for each in TRANSFORMS]
    del operators
    return cases


def _transform(width: int, height: int, mode: str, crop_height: int, crop_width: int, share: float) -> dict[str, Any]:
    """The same of timm's."""
    from timm.data.transforms_factory import transforms_imagenet_eval

    rgb = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    crop = (crop_height, crop_width)

    def prepared(picture: Image.Image) -> np.ndarray:
        black = (0,) * len(picture.getbands())
        steps = transforms_imagenet_eval(crop, share, mode, interpolation="bilinear", mean=black, normalize=False)
        resized = steps.transforms[0](picture)
        assert not any((a - b) % 2 for a, b in zip(resized.size, reversed(crop))), resized.size
        return np.asarray(steps.transforms[1](resized))  # what follows makes a tensor of it

    resize = ({"center": "cover", "border": "contain"}[mode], *(int(side / share) for side in reversed(crop)))
    expected, grey = (prepared(each) for each in (Image.fromarray(rgb), Image.fromarray(rgb).convert("L")))
    images = {"expected": encoded(expected), "grey": encoded(grey)}
    facts = preprocessing(resize, crop_width, crop_height)
    return {"width": width, "height": height, "preprocessing": facts, "rgb": encoded(rgb)} | images


def _processor(width: int, height: int, options: dict[str, Any]) -> dict[str, Any]:
    """rgb: bytes, three for a pixel, row by row; expected: of the crop; grey: of the crop of the grey picture, one."""
    from transformers.models.mobilevit.image_processing_pil_mobilevit import MobileViTImageProcessorPil

    rgb = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    theirs = MobileViTImageProcessorPil(
        **{"resample": 2, **options}, do_rescale=False, do_flip_channel_order=False, do_convert_rgb=False
    )

    def prepared(picture: np.ndarray) -> np.ndarray:
        (values,) = theirs(picture, return_tensors="np", input_data_format="channels_last")["pixel_values"]
        return values.transpose(1, 2, 0).astype(np.uint8)

    expected = prepared(rgb)
    grey = np.asarray(Image.fromarray(rgb).convert("L"))
    whole = prepared(np.stack([grey] * 3, axis=-1))
    size = options.get("size", {}) if options.get("do_resize", True) else {}
    resize = (size["width"], size["height"]) if "height" in size else size.get("shortest_edge")
    filter = Image.Resampling(options.get("resample", 2)).name.lower()
    steps = preprocessing(resize, expected.shape[1], expected.shape[0], filter)
    images = {"rgb": encoded(rgb), "expected": encoded(expected), "grey": encoded(whole[..., 0])}
    return {"width": width, "height": height, "preprocessing": steps} | images


def encoded(array: np.ndarray) -> str:
    """Base64 of an array's bytes."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
