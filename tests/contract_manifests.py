"""Manifests that Python, Swift and Kotlin must all take, and others that all must refuse: see tests/contract.py."""

from __future__ import annotations

from typing import Any

from reference.manifest import Preprocessing

# The shortest edge, both sides as width and height, with "cover" or "contain" before them, or None: as it is; pixels.
Resize = int | tuple[int, int] | tuple[str, int, int] | None


def preprocessing(resize: Resize, crop_width: int, crop_height: int, interpolation: str = "bilinear") -> dict[str, Any]:
    """The app's half of the preprocessing, as manifests have it."""
    match resize:
        case None:
            way, edge, width, height = "none", None, None, None
        case int():
            way, edge, width, height = "shortest_edge", resize, None, None
        case (int(width), int(height)):
            way, edge = "both_sides", None
        case (str(way), int(width), int(height)):
            edge = None
    facts = {
        "resize": way,
        "resize_shortest_edge": edge,
        "resize_height": height,
        "resize_width": width,
        "interpolation": interpolation,
        "antialias": True,
        "crop_height": crop_height,
        "crop_width": crop_width,
    }
    return Preprocessing.model_validate(facts).model_dump()


def classifier() -> dict[str, Any]:
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
        "preprocessing": preprocessing(18, 16, 16),
        "other_sizes": [],
        "calibration": {"source": "rendered training scenes", "samples": 128, "sha256": "c" * 64, "method": "minmax"},
        "labels": ["striped disc", "dotted ring", "checkered cross"],
        "palette": [],
        "tool_versions": {"tensorflow": "2.21.0"},
    }  # fmt: skip


def segmenter() -> dict[str, Any]:
    """One of Core ML: an image in, a class for each pixel out."""
    return classifier() | {
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


def valid() -> list[dict[str, Any]]:
    """The two above, then one of each kind of head, input, resizing and format."""
    whole = classifier()
    spec, feed = whole["outputs"][0], whole["input"]
    grey = {
        "shape": [1, 16, 16, 1], "color_order": "L", "network_color_order": "L", "scale": [2 / 255], "offset": [-1.0],
    }  # fmt: skip
    heads = [{"outputs": [spec | {"meaning": meaning}]} for meaning in ("scores", "values", "logits")]
    maps = segmenter() | {"outputs": [spec | {"meaning": "logits", "shape": [1, 4, 4, 3], "layout": "NHWC"}]}
    one = segmenter() | {"labels": ["disc"], "palette": ["#800000"]}
    coarse = {"meaning": "logits", "shape": [1, 1, 2, 2], "layout": "NCHW", "dtype": "float32", "quantization": None}
    alone = [one, one | {"outputs": [spec | coarse]}]
    inputs = [
        {"input": feed | grey},
        {"input": feed | {"shape": [4, 16, 16, 3]}, "outputs": [spec | {"shape": [4, 3]}]},
        {"input": feed | {"scale": [0.017, 0.0175, 0.0174], "offset": [-2.1, -2.0, -1.8]}},
    ]
    steps = [{"preprocessing": preprocessing(resize, 16, 16)} for resize in ((18, 16), ("cover", 18, 16), None)]
    form = {"artifact": whole["artifact"] | {"file": "m.aimodel", "format": "aimodel"}}
    origin = {"checkpoint": whole["checkpoint"] | {"id": "somebody/mobilevit", "commit": "0123456789" * 4}}
    return [whole, segmenter(), maps, *alone, *(whole | each for each in (*heads, *inputs, *steps, form, origin))]


def invalid() -> list[dict[str, Any]]:
    """What every reader refuses, and why."""
    whole = classifier()
    spec, feed, steps = whole["outputs"][0], whole["input"], whole["preprocessing"]
    wrong = {
        "an older schema": _of_schema_1(),
        "an unknown key": whole | {"mean": [0, 0, 0]},
        "an unknown key inside": whole | {"input": feed | {"gamma": 2.2}},
        "a missing key": {key: value for key, value in whole.items() if key != "labels"},
        "a wrong type": whole | {"labels": [1, 2, 3]},
        "an unknown meaning": whole | {"outputs": [spec | {"meaning": "odds"}]},
        "an unknown filter": whole | {"preprocessing": steps | {"interpolation": "cubic"}},
        "a size of zero": whole | {"preprocessing": steps | {"crop_width": 0}},
        "a colour that is none": segmenter() | {"palette": ["#000000", "#80000", "#008000"]},
        "too few labels": whole | {"labels": whole["labels"][:2]},
        "too few colours": segmenter() | {"palette": ["#000000"]},
        "no output": whole | {"outputs": []},
        "a label alone": whole | {"outputs": [spec | {"kind": "string", "dtype": "string", "meaning": "label"}]},
        "an output without axes": whole | {"outputs": [spec | {"shape": []}]},
        "a map without its layout": whole | {"outputs": [spec | {"meaning": "logits", "shape": [1, 3, 4, 4]}]},
        "a layout without a map": whole | {"outputs": [spec | {"layout": "NCHW"}]},
        "an input that is not the crop": whole | {"preprocessing": steps | {"crop_width": 8}},
        "one answer to several images": whole | {"input": feed | {"shape": [4, 16, 16, 3]}},
        "no axis for several images": whole
        | {
            "input": feed | {"shape": [3, 16, 16, 3]},
            "outputs": [spec | {"shape": [3]}],
        },
        "an input without a batch": whole | {"input": feed | {"shape": [16, 16, 3]}},
        "two channels": whole | {"input": feed | {"shape": [1, 16, 16, 2], "scale": [1.0] * 2, "offset": [0.0] * 2}},
        "grey pixels for three channels": whole | {"input": feed | {"color_order": "L"}},
        "a grey network for three channels": whole | {"input": feed | {"network_color_order": "L"}},
        "pixels turned by the app": whole | {"input": feed | {"color_order": "BGR"}},
        "one scale for three channels": whole | {"input": feed | {"scale": [1.0]}},
        "one offset for three channels": whole | {"input": feed | {"offset": [0.0]}},
        "an unknown way to resize": whole | {"preprocessing": steps | {"resize": "longest_edge"}},
        "pixels for another way to resize": whole | {"preprocessing": steps | {"resize": "none"}},
        "pixels that a proportion lacks": whole | {"preprocessing": steps | {"resize": "contain"}},
        "a side too few": whole | {"preprocessing": preprocessing((18, 16), 16, 16) | {"resize_width": None}},
        "a branch for a commit": whole | {"checkpoint": whole["checkpoint"] | {"commit": "main"}},
        "options that are no text": whole | {"options": {"calibration-samples": 128}},
    }
    return [{"why": why, "manifest": manifest} for why, manifest in wrong.items()]


def _of_schema_1() -> dict[str, Any]:
    """As the kit wrote manifests at first, in their own keys: the schema is what is to be named."""
    manifest = {key: value for key, value in classifier().items() if key not in ("kit_version", "options")}
    feed = {key: value for key, value in manifest["input"].items() if key != "offset"} | {"scale": 1 / 255}
    ways = ("resize", "resize_height", "resize_width")
    steps = {key: value for key, value in manifest["preprocessing"].items() if key not in ways}
    return manifest | {"schema_version": 1, "input": feed, "preprocessing": steps}
