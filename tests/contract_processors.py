"""What transformers' own image processor makes of pictures, for Swift and Kotlin: see tests/contract.py."""

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


def processors() -> list[dict[str, Any]]:
    """Cases like those of pixels.json, which need no reading of ours."""
    operators = let_torchvision_import()  # transformers imports it; defined as long as this object lives
    cases = [_processor(*each) for each in PROCESSORS]
    del operators
    return cases


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
