"""Pictures that become too large, and pipes in the place of files: refused by one line, never waited for."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.admission import admit
from converters.onnx.options import ONNXOptions
from converters.tflite.own_recipe import read_recipe
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.golden import read_golden
from reference.image_processor import MobileViTImageProcessor
from reference.images import MOST_PIXELS, as_rgb
from reference.json_files import read_json
from reference.label_files import read_labels
from reference.manifest import MOST_CROPPED, manifest_path, read_manifest
from reference.picture_files import open_image

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1)])
def test_narrow_pictures_are_not_made_large(tmp_path, size):
    """288 x 28,800,000 pixels would take 25 GB."""
    path = tmp_path / "narrow.png"
    Image.new("RGB", size).save(path)
    started = time.process_time()
    processor = MobileViTImageProcessor(size=288)
    with pytest.raises(UserError, match=f"narrow.png of {size[0]} x {size[1]} pixels would be resized to .*: crop it"):
        processor.resize_and_crop(open_image(path))
    for given in (np.zeros((1, 100_000), np.uint8), np.zeros((100_000, 1), np.uint8)):
        with pytest.raises(UserError, match="pixels would be resized"):
            processor(Image.new("RGB", (9, 9)), segmentation_maps=given)
    assert time.process_time() - started < 1


def test_what_can_be_opened_can_be_kept():
    """No picture is refused that is not made larger; Pillow's own limit is where bombs begin."""
    assert int(2 * Image.MAX_IMAGE_PIXELS) == MOST_PIXELS
    processor = MobileViTImageProcessor(size=288, crop_size=256)
    for width, height in ((12_000, 14_000), (1, 2_000)):
        assert processor.resize_and_crop(Image.new("L", (width, height))).shape == (256, 256, 3)


def bomb() -> bytes:
    """A PNG that says it has 20,000 x 20,000 pixels."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_pillow_does_not_warn_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)  # it warns of more, and refuses twice as many
    Image.new("RGB", (40, 40)).save(tmp_path / "large.png")
    palette = Image.new("P", (8, 8))
    palette.info["transparency"] = bytes(range(256))
    palette.save(tmp_path / "palette.png")
    Image.new("RGB", (60, 60)).save(tmp_path / "bomb.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_image(tmp_path / "large.png").size == (40, 40)
        assert as_rgb(open_image(tmp_path / "palette.png")).mode == "RGB"
        with pytest.raises(UserError, match=r"cannot read image .*bomb.png: Image size \(3600 pixels\) exceeds"):
            open_image(tmp_path / "bomb.png")


def test_a_bomb_is_one_line_on_the_terminal(tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb())
    opening = (
        "import sys\nfrom reference.command_line import run\nfrom reference.picture_files import open_image\n"
        "sys.exit(run(lambda: open_image(sys.argv[1]) and 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", opening, tmp_path / "bomb.png"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "400000000 pixels" in done.stderr


@pytest.mark.parametrize("values", [np.arange(64, dtype=np.uint16).reshape(8, 8), np.ones((8, 8), np.int32)])
def test_files_of_more_than_eight_bits_are_named(tmp_path, values):
    path = tmp_path / ("deep.png" if values.dtype == np.uint16 else "deep.tiff")
    Image.fromarray(values).save(path)
    with pytest.raises(UserError, match=f"{path.name} has more than 8 bits per channel"):
        MobileViTImageProcessor().resize_and_crop(open_image(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="NOT RUN: there are no pipes in folders here")
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.png", open_image),
        ("labels.txt", lambda path: read_labels(path, 3)),
        ("config.json", read_json),
        ("m.pt", lambda path: load_checkpoint(str(path))),
        ("m.tflite.manifest.json", lambda path: read_manifest(path.with_name("m.tflite"))),
        ("m.tflite.golden.json", read_golden),
        ("recipe.json", read_recipe),
    ],
)
def test_pipes_are_not_waited_for(tmp_path, name, read):
    (tmp_path / "m.tflite").write_bytes(b"")
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=f"{name} is a pipe or a device, not a file"):
        read(tmp_path / name)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="NOT RUN: there is no /dev/zero")
def test_devices_do_not_end(tmp_path):
    for read in (open_image, read_json, lambda path: read_labels(path, 3), lambda path: load_checkpoint(str(path))):
        with pytest.raises(UserError, match="/dev/zero is a pipe or a device"):
            read(Path("/dev/zero"))
    (tmp_path / "m.onnx").write_bytes(b"")
    manifest_path(tmp_path / "m.onnx").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="m.onnx.manifest.json is a pipe or a device"):
        read_manifest(tmp_path / "m.onnx")


@pytest.mark.parametrize("pipeline", ["coreml", "coreai", "tflite", "onnx"])
def test_crops_that_no_memory_holds(tmp_path, pipeline, capfd):
    import importlib

    from reference.extras import coremltools_writes

    if pipeline == "coreml" and not coremltools_writes():
        pytest.skip("NOT RUN: coremltools has no wheel for this system")
    if pipeline == "coreai":
        pytest.importorskip("coreai_torch", reason="NOT RUN: coreai-torch is not installed")
    main = importlib.import_module(f"converters.{pipeline}.__main__").main
    for size in ("100000", "1025x2048"):
        started = time.process_time()
        assert main(["--image-size", size, "--output-dir", str(tmp_path)]) == 2
        assert time.process_time() - started < 5
        (line,) = capfd.readouterr().err.splitlines()
        assert "pixels is more than attention can look across" in line
    assert list(tmp_path.iterdir()) == []


def test_the_largest_crop_is_counted_in_attention(demo, tmp_path):
    """4 GiB of float32 weights of four heads at four places of a patch, between all patches of 16 x 16 pixels."""
    patches = MOST_CROPPED // 16**2
    assert 4 * 4 * patches**2 * 4 == 2**32
    admit(demo, tmp_path, ONNXOptions(image_size=((1024, 2048),)))
    large = demo.cropping(100_000, 100_000)  # as a preprocessor_config.json may ask
    with pytest.raises(UserError, match="a crop of 100000 x 100000 pixels"):
        admit(large, tmp_path, ONNXOptions())
