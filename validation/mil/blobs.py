"""Weight files of ML Programs: `weights/weight.bin`, memory-mapped.

The format, as Apple publishes it with coremltools (mlmodel/src/MILBlob/Blob/StorageFormat.hpp), little-endian:

    file    64 bytes: uint32 number of records, uint32 version (2), zeros; then pairs of record and data
    record  64 bytes: uint32 0xDEADBEEF, uint32 data type, uint64 size of the data in bytes, uint64 offset of the data
            in the file, uint64 unused bits at the end (types of fewer than 8 bits), zeros

Records and data begin at multiples of 64 bytes. A program refers to a record by its offset.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.plain_files import require_file_at

from .datatypes import BY_NAME, DataType, unpack_bits

ALIGNMENT = 64
VERSION = 2
SENTINEL = 0xDEADBEEF

_HEADER = struct.Struct("<II")
_RECORD = struct.Struct("<IIQQQ")

# Numbers of the file format's own, other than MIL's.
_NUMBERS = {
    1: "FLOAT16",
    2: "FLOAT32",
    3: "UINT8",
    4: "INT8",
    6: "INT16",
    7: "UINT16",
    8: "INT4",
    9: "UINT1",
    10: "UINT2",
    11: "UINT4",
    12: "UINT3",
    13: "UINT6",
    14: "INT32",
    15: "UINT32",
}
_BOOL_IS_STORED_AS = "UINT8"


class BlobFile:
    """A weight file, open for reading; UserError where it is not one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        require_file_at(path)
        try:
            self._bytes = np.memmap(path, np.uint8, "r")
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            raise UserError(f"cannot read weights {path}: {getattr(error, 'strerror', None) or error}") from error
        if self._bytes.size < ALIGNMENT:
            raise self._broken(f"{self._bytes.size} bytes are too few for its header")
        _, version = _HEADER.unpack_from(self._bytes.data)
        if version != VERSION:
            raise self._broken(f"version {version}, known is {VERSION}")

    def read(self, offset: int, data_type: DataType, count: int) -> np.ndarray:
        """The data of the record at `offset`: [count] of the type's `stored`; a view of the file where possible.

        Raises:
            UserError: when there is no record, or one of another type or size than the program says.
        """
        if offset % ALIGNMENT or not 0 < offset <= self._bytes.size - ALIGNMENT:
            raise self._broken(f"no record can lie at offset {offset}")
        sentinel, number, size, start, _ = _RECORD.unpack_from(self._bytes.data, offset)
        if sentinel != SENTINEL:
            raise self._broken(f"no record at offset {offset}")
        stored = _NUMBERS.get(number)
        if stored is None:
            raise self._broken(f"record at offset {offset} has the unknown data type {number}")
        expected = _BOOL_IS_STORED_AS if data_type.name == "BOOL" else data_type.name
        if stored != expected:
            raise self._broken(f"record at offset {offset} holds {stored} where the program says {data_type.name}")
        if start % ALIGNMENT or start + size > self._bytes.size:
            raise self._broken(f"the data of the record at offset {offset} lies outside of the file or unaligned")
        if size != -(-count * data_type.bits // 8):
            raise self._broken(f"record at offset {offset} has {size} bytes, not {count} values of {data_type.name}")
        data = self._bytes[start : start + size]
        return unpack_bits(data, BY_NAME[stored], count) if data_type.packed else data.view(data_type.stored)

    def _broken(self, reason: str) -> UserError:
        return UserError(f"{self.path} is no valid weight file: {reason}")
