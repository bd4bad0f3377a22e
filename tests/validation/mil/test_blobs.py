"""The reader of weight files, against files written by hand from the published format."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.errors import UserError
from validation.mil.blobs import BlobFile
from validation.mil.datatypes import BY_NAME

from .programs import blob_file

LIMITS = {
    "UINT1": (0, 1), "UINT2": (0, 3), "UINT3": (0, 7), "UINT4": (0, 15), "UINT6": (0, 63), "INT4": (-8, 7),
    "UINT8": (0, 255), "INT8": (-128, 127), "INT16": (-(2**15), 2**15 - 1), "UINT16": (0, 2**16 - 1),
    "INT32": (-(2**31), 2**31 - 1), "UINT32": (0, 2**32 - 1),
}  # fmt: skip
in_tmp_path = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def packed(name: str, values: list[int]) -> tuple[str, bytes, int]:
    """A record of integers, packed with Python's big integers: value i at bits i * width and up."""
    width = BY_NAME[name].bits
    whole = sum((value % (1 << width)) << (index * width) for index, value in enumerate(values))
    size = (len(values) * width + 7) // 8
    return name, whole.to_bytes(size, "little"), size * 8 - len(values) * width


@st.composite
def integers(draw):
    name = draw(st.sampled_from(sorted(LIMITS)))
    return name, draw(st.lists(st.integers(*LIMITS[name]), max_size=50))


@in_tmp_path
@given(records=st.lists(integers(), min_size=1, max_size=5))
def test_integers_of_every_width(tmp_path, records):
    content, offsets = blob_file([packed(*record) for record in records])
    path = tmp_path / "weight.bin"
    path.write_bytes(content)
    blobs = BlobFile(path)
    for (name, values), offset in zip(records, offsets):
        assert blobs.read(offset, BY_NAME[name], len(values)).tolist() == values


@in_tmp_path
@given(values=st.lists(st.floats(width=16, allow_nan=False), max_size=40), name=st.sampled_from(["FLOAT16", "FLOAT32"]))
def test_floats(tmp_path, values, name):
    data = b"".join(struct.pack("<e" if name == "FLOAT16" else "<f", value) for value in values)
    content, (offset,) = blob_file([(name, data, 0)])
    path = tmp_path / "weight.bin"
    path.write_bytes(content)
    assert BlobFile(path).read(offset, BY_NAME[name], len(values)).tolist() == values


@pytest.fixture
def sixteen_floats(tmp_path):
    """A writer of changed files: (offset in the file, bytes) put over a valid one."""
    content, _ = blob_file([("FLOAT32", np.arange(16, dtype="<f4").tobytes(), 0)])

    def write(*changes: tuple[int, bytes], end: int | None = None):
        changed = bytearray(content)
        for offset, data in changes:
            changed[offset : offset + len(data)] = data
        path = tmp_path / "weight.bin"
        path.write_bytes(bytes(changed[:end]))
        return path

    return write


def refused(path, offset=64, name="FLOAT32", count=16) -> str:
    with pytest.raises(UserError) as error:
        BlobFile(path).read(offset, BY_NAME[name], count)
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_the_valid_file_is_read(sixteen_floats):
    assert BlobFile(sixteen_floats()).read(64, BY_NAME["FLOAT32"], 16).tolist() == list(range(16))


@pytest.mark.parametrize("end", range(0, 192, 7))
def test_truncated_anywhere(sixteen_floats, end):
    refused(sixteen_floats(end=end))


def test_malformed(sixteen_floats):
    assert "version 3" in refused(sixteen_floats((4, struct.pack("<I", 3))))
    assert "no record at offset 64" in refused(sixteen_floats((64, b"\0\0\0\0")))
    assert "unknown data type 99" in refused(sixteen_floats((68, struct.pack("<I", 99))))
    assert "has 60 bytes, not 16 values" in refused(sixteen_floats((72, struct.pack("<Q", 60))))
    assert "outside" in refused(sixteen_floats((80, struct.pack("<Q", 2**63))))
    assert "outside" in refused(sixteen_floats((72, struct.pack("<Q", 2**64 - 64))))
    assert "unaligned" in refused(sixteen_floats((80, struct.pack("<Q", 130))))


def test_what_the_program_says_must_fit(sixteen_floats):
    assert "offset 65" in refused(sixteen_floats(), offset=65)
    assert "offset 0" in refused(sixteen_floats(), offset=0)
    assert "offset 6400" in refused(sixteen_floats(), offset=6400)
    assert "holds FLOAT32 where the program says FLOAT16" in refused(sixteen_floats(), name="FLOAT16")
    assert "not 17 values" in refused(sixteen_floats(), count=17)


def test_no_weight_file(tmp_path):
    (tmp_path / "notes.txt").write_text("these are no weights, " * 20)
    refused(tmp_path / "notes.txt")
    refused(tmp_path / "missing.bin")
    (tmp_path / "empty.bin").touch()
    refused(tmp_path / "empty.bin")
