"""Numbers from the Python side that Swift and Kotlin must arrive at too: `python -m tests.contract` writes them.

They come from the reference's image processor, NumPy and the harness's metrics; images and vectors are small, bytes in
Base64. A test holds the written files to what this gives.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from reference.class_maps import class_maps
from reference.geometry import centered, resized
from reference.golden import GoldenPicture, GoldenSet, as_png, digest_of_bounds
from reference.image_processor import MobileViTImageProcessor
from reference.labels import palette
from tests.contract_files import device_results, package
from tests.contract_manifests import Resize, invalid, preprocessing, valid
from tests.contract_processors import encoded, processors
from validation.checks.metrics import METRICS

FOLDER = Path(__file__).parent / "fixtures" / "contract"

# Width, height, resizing, crop width, crop height.
PLACEMENTS = [
    (640, 480, 288, 256, 256), (480, 640, 288, 256, 256), (1920, 1080, 288, 256, 256), (1080, 1920, 544, 512, 512),
    (256, 256, 288, 256, 256), (333, 500, 288, 256, 256), (4032, 3024, 288, 256, 256), (1001, 7, 30, 28, 28),
    (1, 1, 288, 256, 256), (301, 299, 224, 256, 256), (640, 427, 223, 256, 256), (513, 257, 216, 192, 160),
    (640, 480, (256, 288), 256, 256), (480, 640, (301, 200), 256, 256), (1, 1, (288, 256), 255, 256),
    (640, 480, None, 256, 256), (333, 101, None, 256, 192), (7, 5, None, 16, 14),
]  # fmt: skip
# The same, small enough for the pixels themselves: shrunk, enlarged, one by each axis, one side kept, padded with zeros
# on even and odd margins.
PICTURES = [
    (40, 30, 18, 16, 16), (30, 40, 18, 16, 16), (64, 37, 9, 8, 8), (7, 5, (18, 20), 16, 16), (33, 21, 12, 16, 16),
    (20, 31, 11, 16, 14), (1, 1, 8, 6, 6), (90, 4, 4, 4, 4), (7, 5, 18, 16, 16), (40, 30, (18, 20), 16, 16),
    (31, 20, (12, 40), 16, 14), (17, 9, (17, 5), 12, 6), (40, 30, None, 16, 16), (9, 17, None, 12, 6),
]  # fmt: skip
# Where the height shrinks by more pixels than twice the width, Pillow resizes it first from 13.0 on, else the width, as
# older ones always do; what lies between is rounded.
TALL = [
    (20, 31, (40, 12), 16, 14), (9, 40, 6, 6, 6), (16, 40, (10, 14), 8, 8), (7, 30, (20, 9), 24, 12),
    (16, 40, (10, 14), 8, 8, "bicubic"),
]  # fmt: skip
FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos")
CLASS_MAPS = [
    (20, 15, 9, 8, 8), (15, 20, 9, 8, 8), (11, 11, 6, 8, 8), (20, 15, (10, 12), 8, 8), (15, 7, None, 8, 8),
]  # fmt: skip
# Classes, width and height of the maps, width and height of the crop.
LOGITS = [(3, 4, 4, 16, 16), (21, 5, 3, 17, 10), (1, 4, 4, 16, 16), (1, 5, 3, 17, 10)]


def contract() -> dict[str, Any]:
    """File name -> content."""
    rng = np.random.default_rng(0)
    return {
        "geometry.json": [_placement(*each) for each in PLACEMENTS],
        "pixels.json": [_pixels(rng, *each) for each in PICTURES],
        "tall.json": [_pixels(rng, *each) for each in TALL],
        "processors.json": processors(),
        "answers.json": [_answers(rng, classes) for classes in (2, 30, 1000)],
        "metrics.json": [_metrics(rng, noise) for noise in (0.0, 1e-3, 0.3)],
        "quantization.json": [_quantization(rng, *each) for each in (("uint8", 1 / 256, 0), ("int8", 0.05, -3))],
        "class_maps.json": [_class_map(rng, *each) for each in CLASS_MAPS],
        "palette.json": ["#{:02X}{:02X}{:02X}".format(*color) for color in palette(256)],
        "statistics.json": [_statistics(rng, count) for count in (1, 2, 50)],
        "manifests.json": {"valid": valid(), "invalid": invalid()},
        "golden.json": _golden(),
        "device_results.json": device_results(),
        "filters.json": [_pixels(rng, *each, name) for name in FILTERS for each in PICTURES[:4]],
        "logits.json": [_logits(rng, *each) for each in LOGITS],
        "digest.json": package(rng),
    }


def processor(resize: Resize, crop_width: int, crop_height: int, filter: str = "bilinear") -> MobileViTImageProcessor:
    """The reference's image processor with such a preprocessing."""
    return MobileViTImageProcessor(
        do_resize=resize is not None,
        size=resize[::-1] if isinstance(resize, tuple) else resize,
        crop_size={"height": crop_height, "width": crop_width},
        resample=Image.Resampling[filter.upper()],
    )


def _placement(width: int, height: int, *steps: Any) -> dict[str, Any]:
    resize, *crop = steps[:3]
    size = resized(width, height, resize) if isinstance(resize, int) else resize or (width, height)
    placement = asdict(centered(*size, *crop))
    return {"width": width, "height": height, "preprocessing": preprocessing(*steps), "placement": placement}


def _pixels(rng: np.random.Generator, width: int, height: int, *steps: Any) -> dict[str, Any]:
    """rgb, expected: bytes, three for a pixel, row by row; grey: the latter as Pillow makes it, one for a pixel."""
    rgb = rng.integers(0, 256, (height, width, 3), np.uint8)
    expected = processor(*steps).resize_and_crop(Image.fromarray(rgb))
    grey = np.asarray(Image.fromarray(expected).convert("L"))
    images = {"rgb": encoded(rgb), "expected": encoded(expected), "grey": encoded(grey)}
    return _placement(width, height, *steps) | images


def _logits(
    rng: np.random.Generator, maps: int, map_width: int, map_height: int, width: int, height: int
) -> dict[str, Any]:
    """logits: float32 [maps, map_height, map_width]; classes: a byte for each pixel of the crop."""
    logits = rng.normal(size=(maps, map_height, map_width)).astype(np.float32)
    if maps == 1:  # the class or not
        resized = functional.interpolate(torch.from_numpy(logits)[None], size=(height, width), mode="bilinear")
        classes = torch.sigmoid(resized[0, 0]) > 0.5
    else:
        (classes,) = class_maps(logits[None], [(height, width)], False)
    return {
        "maps": maps, "map_width": map_width, "map_height": map_height, "width": width, "height": height,
        "logits": encoded(logits), "classes": encoded(classes.numpy().astype(np.uint8)),
    }  # fmt: skip


def _answers(rng: np.random.Generator, classes: int) -> dict[str, Any]:
    """logits, scores: float32; top: the indices of the five largest logits, the first of equal ones first.

    present: the indices of the scores above the half, the highest first.
    """
    logits = rng.uniform(-8, 8, classes).astype(np.float32)
    logits[classes // 2] = logits[0]
    scores = (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)
    return {
        "logits": encoded(logits),
        "scores": encoded(scores),
        "present": [index for index in np.argsort(-scores, kind="stable").tolist() if scores[index] > 0.5],
        "top": np.argsort(-logits, kind="stable")[:5].tolist(),
    }


def _metrics(rng: np.random.Generator, noise: float) -> dict[str, Any]:
    """expected, answer: float32 [4, 10]; classes, other_classes: bytes [4, 64]."""
    expected = rng.random((4, 10)) ** 4
    expected = (expected / expected.sum(axis=1, keepdims=True)).astype(np.float32)
    answer = expected + rng.uniform(-noise, noise, expected.shape).astype(np.float32)
    classes = rng.integers(0, 5, (4, 64), np.uint8)
    others = np.where(rng.random(classes.shape) < noise, 5, classes).astype(np.uint8)
    vectors = ("max_abs_error", "sqnr_db", "cosine", "top1_agreement")
    return {
        "expected": encoded(expected),
        "answer": encoded(answer),
        "classes": encoded(classes),
        "other_classes": encoded(others),
        "metrics": {name: METRICS[name].measure(expected, answer) for name in vectors}
        | {"pixel_agreement": METRICS["pixel_agreement"].measure(classes, others)},
        "higher_is_better": {name: METRICS[name].higher_is_better for name in (*vectors, "pixel_agreement")},
    }


def _quantization(rng: np.random.Generator, dtype: str, scale: float, zero_point: int) -> dict[str, Any]:
    """stored: rounded half to even and cut to the type's range; restored: the numbers they stand for."""
    info = np.iinfo(dtype)
    values = np.concatenate([rng.uniform(-160 * scale, 160 * scale, 12), np.array([0.5, 1.5, 2.5, 1e9, -1e9]) * scale])
    stored = np.clip(np.rint(values / scale) + zero_point, info.min, info.max).astype(int)
    return {
        "dtype": dtype, "scale": scale, "zero_point": zero_point, "values": values.tolist(), "stored": stored.tolist(),
        "restored": ((stored - zero_point) * scale).tolist(),
    }  # fmt: skip


def _class_map(
    rng: np.random.Generator, width: int, height: int, resize: Resize, crop_width: int, crop_height: int
) -> dict[str, Any]:
    """class_map: a class for each pixel of the crop; on_source: of the picture, -1 outside of the crop.

    A picture's pixel has the class of the crop's pixel that its centre falls into.
    """
    case = _placement(width, height, resize, crop_width, crop_height)
    at = case["placement"]
    classes = rng.integers(0, 21, (crop_height, crop_width), np.uint8)
    columns = np.floor((np.arange(width) + 0.5) * at["width"] / width).astype(int) - at["left"]
    rows = np.floor((np.arange(height) + 0.5) * at["height"] / height).astype(int) - at["top"]
    inside = ((rows >= 0) & (rows < crop_height))[:, None] & ((columns >= 0) & (columns < crop_width))
    found = classes[np.clip(rows, 0, crop_height - 1)[:, None], np.clip(columns, 0, crop_width - 1)]
    on_source = np.where(inside, found.astype(int), -1).ravel().tolist()
    return case | {"class_map": encoded(classes), "on_source": on_source}


def _statistics(rng: np.random.Generator, count: int) -> dict[str, Any]:
    times = rng.uniform(1, 9, count)
    return {
        "times": times.tolist(),
        **{f"p{percent}": float(np.percentile(times, percent)) for percent in (50, 90, 99)},
    }


def _golden() -> dict[str, Any]:
    """Of the classifier above, with drawn answers: the form counts."""
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (20, 25, 3), np.uint8))
    crop = Image.fromarray(processor(18, 16, 16).resize_and_crop(picture))
    pictures = [
        GoldenPicture.model_construct(
            name=name, png=as_png(picture), crop_png=as_png(crop), answer=np.array(answer, "<f4").tobytes()
        )
        for name, answer in (("000", [0.25, 0.5, 0.25]), ("001", [0.125, 0.0, 0.875]))
    ]
    bounds = {"max_abs_error": 0.2, "sqnr_db": 16.0, "top1_agreement": 0.5}
    golden = GoldenSet(
        schema_version=2,
        artifact="mobilevit_xxs_demo_int8-full.tflite",
        sha256="b" * 64,
        meaning="probabilities",
        shape=[3],
        bounds=bounds,
        bounds_sha256=digest_of_bounds("b" * 64, bounds),
        pictures=pictures,
    )
    return json.loads(golden.model_dump_json())


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in contract().items():
        (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
