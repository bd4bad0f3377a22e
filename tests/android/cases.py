"""What Kotlin must arrive at beside tests/fixtures/contract: `python -m tests.android.cases` writes it.

The oracles are Python's json and Pillow. A test holds the written files to what this gives.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.contract import processor
from tests.contract_manifests import preprocessing

FOLDER = Path(__file__).parents[1] / "fixtures" / "android"

# Frame width and height (odd ones have chroma for half pixels), degrees, bytes after each row.
FRAMES = [(6, 4, 0, 0), (6, 4, 90, 2), (5, 3, 180, 3), (7, 4, 270, 0), (2, 2, 90, 0), (9, 7, 270, 5)]
# Width, height, shortest edge, crop width and height: as cameras have them.
LARGE = [(1920, 1080, 288, 256), (1080, 1920, 288, 256), (4032, 3024, 544, 512), (333, 500, 223, 256)]

NO_JSON = [
    "", " ", "{", "[1,]", "[,1]", '{"a":1,}', "{a:1}", "{'a':1}", '{"a" 1}', '{"a":1 "b":2}', "[1 2]", "01", "-", "+1",
    "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "tru", "nul", "True", '"', '"\\x"', '"\\u12"',
    '"\\u12g4"', '"\t"', '"\n"', "1 2", "[1]]", "// 1", "1 // one", "/**/1", '{"a":1}x', "1_000", "[1;2]", "\ufeff1",
    "\u00a01", "\u0661", '"\\u\u0661234"', "--1", "1e5.5", "{1:2}", "[1",
]  # fmt: skip


def cases() -> dict[str, Any]:
    """File name -> content."""
    rng = np.random.default_rng(9)
    return {
        "json_texts.json": _json_texts(),
        "frames.json": [_frame(rng, *each) for each in FRAMES],
        "large.json": [_large(*each) for each in LARGE],
    }


def _json_texts() -> dict[str, Any]:
    """valid: texts, and the value that Python reads; invalid: texts that Python, held to RFC 8259, refuses too."""
    draw = random.Random(9)
    texts = [
        json.dumps(_value(draw, 4), ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 1])) for _ in range(60)
    ]
    texts += [
        " [1 ,\t-0.0\r\n, 1E2, 1e-2, 0.10] ",
        '"\\/\\b\\f\\ud83d\\ude00\\u00E9"',
        "9223372036854775807",
        "-0",
        '{"":{}}',
    ]
    return {
        "valid": [{"text": text, "value": json.loads(text)} for text in texts],
        "invalid": [*NO_JSON, '{"a":1,"a":2}', "1e999", "9223372036854775808"],
    }


def _value(draw: random.Random, deeper: int) -> Any:
    kind = draw.randrange(8 if deeper else 6)
    if kind == 6:
        return [_value(draw, deeper - 1) for _ in range(draw.randrange(5))]
    if kind == 7:
        return {_text(draw): _value(draw, deeper - 1) for _ in range(draw.randrange(5))}
    simple = (None, draw.random() < 0.5, draw.randrange(-(2**62), 2**62), draw.uniform(-1, 1), _text(draw))
    return (*simple, draw.uniform(-1, 1) * 10.0 ** draw.randrange(-300, 300))[kind]


def _text(draw: random.Random) -> str:
    return "".join(draw.choice('ab"\\/\n\t\x00\x1f\x7fé€\u2028😀 ') for _ in range(draw.randrange(9)))


def _frame(rng: np.random.Generator, width: int, height: int, rotation: int, gap: int) -> dict[str, Any]:
    """y, u, v: planes with their strides; expected: RGB of the upright image; nv21: the same where rows have no gap."""
    shape = ((height + 1) // 2, (width + 1) // 2)
    y = rng.integers(0, 256, (height, width), np.uint8)
    u, v = (rng.integers(0, 256, shape, np.uint8) for _ in range(2))
    full = [y, *(each.repeat(2, 0).repeat(2, 1)[:height, :width] for each in (u, v))]
    rgb = np.asarray(Image.merge("YCbCr", [Image.fromarray(each) for each in full]).convert("RGB"))
    # Camera2 gives chroma as two views of one buffer, U one byte after V or apart from it.
    interleaved = np.stack([v, u], axis=-1).reshape(shape[0], -1)
    chroma = np.pad(interleaved, ((0, 0), (0, gap))).ravel()
    case = {
        "width": width, "height": height, "rotation": rotation,
        "y": _base64(np.pad(y, ((0, 0), (0, gap)))), "y_row_stride": width + gap, "y_pixel_stride": 1,
        "u": _base64(chroma[1:]), "u_row_stride": interleaved.shape[1] + gap, "u_pixel_stride": 2,
        "v": _base64(chroma[: len(chroma) - gap - 1]), "v_row_stride": interleaved.shape[1] + gap, "v_pixel_stride": 2,
        "expected": _base64(np.rot90(rgb, -rotation // 90)),
    }  # fmt: skip
    return case if gap else case | {"nv21": _base64(np.concatenate([y.ravel(), interleaved.ravel()]))}


def _large(width: int, height: int, edge: int, crop: int) -> dict[str, Any]:
    """sha256: of the crop's RGB bytes; the image's pixel i, row by row, is the lowest 24 bits of i * 2654435761."""
    packed = np.arange(width * height, dtype=np.uint64) * 2654435761
    rgb = np.stack([packed >> np.uint64(shift) & np.uint64(255) for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    pixels = processor(edge, crop, crop).resize_and_crop(Image.fromarray(rgb.reshape(height, width, 3)))
    return {
        "width": width, "height": height, "preprocessing": preprocessing(edge, crop, crop),
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
    }  # fmt: skip


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in cases().items():
        (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
