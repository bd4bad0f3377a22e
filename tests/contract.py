"""Numbers from the Python side that Swift and Kotlin must arrive at too: `python -m tests.contract` writes them.

They come from the reference's image processor, NumPy and the harness's metrics; images and vectors are small, bytes in
Base64. A test holds the written files to what this gives.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reference.class_maps import class_maps
from reference.geometry import centered, resized
from reference.golden import Golden, GoldenPicture, as_png
from reference.image_processor import MobileViTImageProcessor
from reference.labels import palette
from validation.checks.metrics import METRICS
from validation.device.export import Device, DeviceAnswer, DeviceResults, DeviceRun

FOLDER = Path(__file__).parent / "fixtures" / "contract"

# Width, height, shortest edge, crop width, crop height.
PLACEMENTS = [
    (640, 480, 288, 256, 256), (480, 640, 288, 256, 256), (1920, 1080, 288, 256, 256), (1080, 1920, 544, 512, 512),
    (256, 256, 288, 256, 256), (333, 500, 288, 256, 256), (4032, 3024, 288, 256, 256), (1001, 7, 30, 28, 28),
    (1, 1, 288, 256, 256), (301, 299, 224, 256, 256), (640, 427, 223, 256, 256), (513, 257, 216, 192, 160),
]  # fmt: skip
# The same, small enough for the pixels themselves: shrunk, enlarged, padded with zeros on even and odd margins.
PICTURES = [
    (40, 30, 18, 16, 16), (30, 40, 18, 16, 16), (64, 37, 9, 8, 8), (7, 5, 18, 16, 16), (33, 21, 12, 16, 16),
    (20, 31, 11, 16, 14), (1, 1, 8, 6, 6), (90, 4, 4, 4, 4),
]  # fmt: skip
FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos")
MASKS = [(20, 15, 9, 8, 8), (15, 20, 9, 8, 8), (11, 11, 6, 8, 8)]
# Classes, width and height of the maps, width and height of the crop.
LOGITS = [(3, 4, 4, 16, 16), (21, 5, 3, 17, 10)]


def contract() -> dict[str, Any]:
    """File name -> content."""
    rng = np.random.default_rng(0)
    return {
        "geometry.json": [_placement(*each) for each in PLACEMENTS],
        "pixels.json": [_pixels(rng, *each) for each in PICTURES],
        "answers.json": [_answers(rng, classes) for classes in (2, 30, 1000)],
        "metrics.json": [_metrics(rng, noise) for noise in (0.0, 1e-3, 0.3)],
        "quantization.json": [_quantization(rng, *each) for each in (("uint8", 1 / 256, 0), ("int8", 0.05, -3))],
        "masks.json": [_mask(rng, *each) for each in MASKS],
        "palette.json": ["#{:02X}{:02X}{:02X}".format(*color) for color in palette(256)],
        "statistics.json": [_statistics(rng, count) for count in (1, 2, 50)],
        "manifests.json": {"valid": _valid(), "invalid": _invalid()},
        "golden.json": _golden(),
        "device_results.json": _device_results(),
        "filters.json": [
            _pixels(rng, *each, filter=name) | {"interpolation": name} for name in FILTERS for each in PICTURES[:4]
        ],
        "logits.json": [_logits(rng, *each) for each in LOGITS],
    }


def _placement(width: int, height: int, edge: int, crop_width: int, crop_height: int) -> dict[str, Any]:
    at = centered(*resized(width, height, edge), crop_width, crop_height)
    return {
        "width": width, "height": height, "resize_shortest_edge": edge, "crop_width": crop_width,
        "crop_height": crop_height, "resized_width": at.width, "resized_height": at.height, "left": at.left,
        "top": at.top,
    }  # fmt: skip


def _processor(edge: int, crop_width: int, crop_height: int, filter: str = "bilinear") -> MobileViTImageProcessor:
    resample = Image.Resampling[filter.upper()]
    return MobileViTImageProcessor(size=edge, crop_size={"height": crop_height, "width": crop_width}, resample=resample)


def _pixels(rng: np.random.Generator, width: int, height: int, *crop: int, filter: str = "bilinear") -> dict[str, Any]:
    """rgb, expected: bytes, three for a pixel, row by row."""
    rgb = rng.integers(0, 256, (height, width, 3), np.uint8)
    expected = _processor(*crop, filter).resize_and_crop(Image.fromarray(rgb))
    return {**_placement(width, height, *crop), "rgb": _base64(rgb), "expected": _base64(expected)}


def _logits(
    rng: np.random.Generator, maps: int, map_width: int, map_height: int, width: int, height: int
) -> dict[str, Any]:
    """logits: float32 [maps, map_height, map_width]; classes: a byte for each pixel of the crop."""
    logits = rng.normal(size=(maps, map_height, map_width)).astype(np.float32)
    (classes,) = class_maps(logits[None], [(height, width)], False)
    return {
        "maps": maps, "map_width": map_width, "map_height": map_height, "width": width, "height": height,
        "logits": _base64(logits), "classes": _base64(classes.numpy().astype(np.uint8)),
    }  # fmt: skip


def _answers(rng: np.random.Generator, classes: int) -> dict[str, Any]:
    """logits: float32; top: the indices of the five largest, the first of equal ones first."""
    logits = rng.uniform(-8, 8, classes).astype(np.float32)
    logits[classes // 2] = logits[0]
    exponentials = np.exp(logits.astype(np.float64) - logits.max())
    probabilities = exponentials / exponentials.sum()
    return {
        "logits": _base64(logits),
        "softmax": probabilities.tolist(),
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
        "expected": _base64(expected),
        "answer": _base64(answer),
        "classes": _base64(classes),
        "other_classes": _base64(others),
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


def _mask(rng: np.random.Generator, width: int, height: int, *crop: int) -> dict[str, Any]:
    """mask: a class for each pixel of the crop; on_source: for each pixel of the picture, -1 outside of the crop.

    A picture's pixel has the class of the crop's pixel that its centre falls into.
    """
    at = _placement(width, height, *crop)
    mask = rng.integers(0, 21, (at["crop_height"], at["crop_width"]), np.uint8)
    columns = np.floor((np.arange(width) + 0.5) * at["resized_width"] / width).astype(int) - at["left"]
    rows = np.floor((np.arange(height) + 0.5) * at["resized_height"] / height).astype(int) - at["top"]
    inside = ((rows >= 0) & (rows < mask.shape[0]))[:, None] & ((columns >= 0) & (columns < mask.shape[1]))
    found = mask[np.clip(rows, 0, mask.shape[0] - 1)[:, None], np.clip(columns, 0, mask.shape[1] - 1)]
    return {**at, "mask": _base64(mask), "on_source": np.where(inside, found.astype(int), -1).ravel().tolist()}


def _statistics(rng: np.random.Generator, count: int) -> dict[str, Any]:
    times = rng.uniform(1, 9, count)
    return {
        "times": times.tolist(),
        **{f"p{percent}": float(np.percentile(times, percent)) for percent in (50, 90, 99)},
    }


def _classifier() -> dict[str, Any]:
    """A manifest as converters write it."""
    return {
        "schema_version": 2,
        "kit_version": "0.2.0",
        "task": "classification",
        "size": "xxs",
        "checkpoint": {"id": "demo", "sha256": "a" * 64, "parameters": 960654},
        "artifact": {
            "file": "mobilevit_xxs_demo_int8-full.tflite", "format": "tflite", "sha256": "b" * 64, "bytes": 1304234,
            "precision": "float32", "compression": "int8-full",
        },
        "options": {"quantize": "int8-full", "calibration-samples": "128"},
        "input": {
            "name": "image", "kind": "tensor", "shape": [1, 16, 16, 3], "layout": "NHWC", "dtype": "uint8",
            "minimum": 0, "maximum": 255, "color_order": "RGB", "network_color_order": "BGR",
            "scale": [1 / 255] * 3, "offset": [0.0] * 3,
            "quantization": {"scale": 1.0, "zero_point": 0},
        },
        "outputs": [
            {
                "name": "probabilities", "kind": "tensor", "shape": [1, 3], "dtype": "uint8",
                "meaning": "probabilities", "layout": None, "quantization": {"scale": 0.00390625, "zero_point": 0},
            },
        ],
        "preprocessing": {
            "resize": "shortest_edge", "resize_shortest_edge": 18, "resize_height": None, "resize_width": None,
            "interpolation": "bilinear", "antialias": True, "crop_height": 16,
            "crop_width": 16,
        },
        "other_sizes": [],
        "calibration": {"source": "rendered training scenes", "samples": 128, "sha256": "c" * 64, "method": "minmax"},
        "labels": ["striped disc", "dotted ring", "checkered cross"],
        "palette": [],
        "tool_versions": {"tensorflow": "2.21.0"},
    }  # fmt: skip


def _segmenter() -> dict[str, Any]:
    """One of Core ML: an image in, a class for each pixel out."""
    return _classifier() | {
        "task": "segmentation",
        "artifact": {
            "file": "deeplabv3_mobilevit_xxs_demo_float16.mlpackage", "format": "mlpackage", "sha256": "d" * 64,
            "bytes": 3780000, "precision": "float16", "compression": "none",
        },
        "input": {
            "name": "image", "kind": "image", "shape": [1, 3, 16, 16], "layout": "NCHW", "dtype": "uint8",
            "minimum": 0, "maximum": 255, "color_order": "RGB", "network_color_order": "BGR",
            "scale": [1 / 255] * 3, "offset": [0.0] * 3,
            "quantization": None,
        },
        "outputs": [
            {
                "name": "class_map", "kind": "tensor", "shape": [1, 16, 16], "dtype": "int32",
                "meaning": "class_map", "layout": None, "quantization": None,
            },
        ],
        "calibration": None,
        "palette": ["#000000", "#800000", "#008000"],
    }  # fmt: skip


def _valid() -> list[dict[str, Any]]:
    """One of each kind of head, of input and of resizing."""
    whole = _classifier()
    spec, steps = whole["outputs"][0], whole["preprocessing"]
    grey = {
        "shape": [4, 16, 16, 1], "color_order": "L", "network_color_order": "L", "scale": [2 / 255], "offset": [-1.0],
    }  # fmt: skip
    heads = [{"outputs": [spec | {"meaning": meaning}]} for meaning in ("scores", "values", "logits")]
    inputs = [
        {"input": whole["input"] | grey},
        {"input": whole["input"] | {"scale": [0.017, 0.0175, 0.0174], "offset": [-2.1, -2.0, -1.8]}},
    ]
    steps = [
        {"preprocessing": steps | {"resize_shortest_edge": None} | resize}
        for resize in (
            {"resize": "both_sides", "resize_height": 16, "resize_width": 18},
            {"resize": "none"},
        )
    ]
    return [whole, _segmenter(), *(whole | changes for changes in (*heads, *inputs, *steps))]


def _invalid() -> list[dict[str, Any]]:
    """What every reader refuses, and why."""
    whole = _classifier()
    spec, feed, steps = whole["outputs"][0], whole["input"], whole["preprocessing"]
    wrong = {
        "an unknown key": whole | {"mean": [0, 0, 0]},
        "an unknown key inside": whole | {"input": feed | {"gamma": 2.2}},
        "a missing key": {key: value for key, value in whole.items() if key != "labels"},
        "another schema": whole | {"schema_version": 1},
        "a wrong type": whole | {"labels": [1, 2, 3]},
        "an unknown meaning": whole | {"outputs": [spec | {"meaning": "odds"}]},
        "an unknown filter": whole | {"preprocessing": steps | {"interpolation": "cubic"}},
        "a size of zero": whole | {"preprocessing": steps | {"crop_width": 0}},
        "a colour that is none": _segmenter() | {"palette": ["#000000", "#80000", "#008000"]},
        "too few labels": whole | {"labels": whole["labels"][:2]},
        "too few colours": _segmenter() | {"palette": ["#000000"]},
        "no output": whole | {"outputs": []},
        "a label alone": whole | {"outputs": [spec | {"kind": "string", "dtype": "string", "meaning": "label"}]},
        "a map without its layout": whole | {"outputs": [spec | {"meaning": "logits", "shape": [1, 3, 4, 4]}]},
        "a layout without a map": whole | {"outputs": [spec | {"layout": "NCHW"}]},
        "an input that is not the crop": whole | {"preprocessing": steps | {"crop_width": 8}},
        "an input without a batch": whole | {"input": feed | {"shape": [16, 16, 3]}},
        "grey pixels for three channels": whole | {"input": feed | {"color_order": "L"}},
        "one scale for three channels": whole | {"input": feed | {"scale": [1.0]}},
        "an unknown way to resize": whole | {"preprocessing": steps | {"resize": "longest_edge"}},
        "pixels for another way to resize": whole | {"preprocessing": steps | {"resize": "none"}},
        "options that are no text": whole | {"options": {"calibration-samples": 128}},
    }
    return [{"why": why, "manifest": manifest} for why, manifest in wrong.items()]


def _golden() -> dict[str, Any]:
    """Of the classifier above, with drawn answers: the form counts."""
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (20, 25, 3), np.uint8))
    crop = Image.fromarray(_processor(18, 16, 16).resize_and_crop(picture))
    pictures = [
        GoldenPicture.model_construct(
            name=name, png=as_png(picture), crop_png=as_png(crop), answer=np.array(answer, "<f4").tobytes()
        )
        for name, answer in (("000", [0.25, 0.5, 0.25]), ("001", [0.125, 0.0, 0.875]))
    ]
    golden = Golden(
        schema_version=1,
        artifact="mobilevit_xxs_demo_int8-full.tflite",
        sha256="b" * 64,
        meaning="probabilities",
        shape=[3],
        bounds={"max_abs_error": 0.2, "sqnr_db": 16.0, "top1_agreement": 0.5},
        pictures=pictures,
    )
    return json.loads(golden.model_dump_json())


def _device_results() -> dict[str, Any]:
    answer = DeviceAnswer.model_construct(
        picture="000", exact_pixels=True, answer=np.array([0.25, 0.5, 0.25], "<f4").tobytes()
    )
    run = DeviceRun.model_construct(
        artifact="mobilevit_xxs_demo_int8-full.tflite",
        sha256="b" * 64,
        runtime="litert",
        accelerator="CPU",
        threads=2,
        load_ms=12.5,
        warm_up=5,
        preprocessing_ms=[1.5, 1.25, 1.0],
        inference_ms=[4.0, 4.5, 4.25],
        thermal_state=None,
        peak_mib=96.5,
        answers=[answer],
    )
    device = Device(model="Pixel 8", system="Android 15", app="MobileViT demo 1.0")
    results = DeviceResults(schema_version=1, device=device, recorded_at="2026-01-31T12:00:00Z", runs=[run])
    return json.loads(results.model_dump_json())


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in contract().items():
        (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
