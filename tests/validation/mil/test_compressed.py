"""Every form of compressed weight, read from hand-written weight files."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from validation.mil import Program

from .programs import Operation, Stored, blob_file, execute, write_package
from .test_blobs import packed

GENERATOR = np.random.default_rng(2)
PALETTES = {"UINT1": 2, "UINT2": 4, "UINT3": 8, "UINT4": 16, "UINT6": 64, "UINT8": 256}


@pytest.fixture
def decompressed(tmp_path):
    """decompressed(kind, records, outputs, inputs, attributes): values of a constexpr operation.

    In inputs and attributes a pair (record's number, type, shape) stands for a value in the weight file.
    """

    def run(kind, records, outputs, inputs=None, attributes=None, opset="CoreML8"):
        content, offsets = blob_file(records)

        def bound(values):
            return {
                name: Stored(offsets[value[0]], *value[1:]) if isinstance(value, tuple) else value
                for name, value in (values or {}).items()
            }

        named = {f"y{index}": output for index, output in enumerate(outputs)}
        operation = Operation(kind, bound(inputs), named, bound(attributes))
        # A program has to compute something from an input.
        shape = outputs[-1][1]
        last = f"y{len(outputs) - 1}"
        path = write_package(
            tmp_path / "x.mlpackage",
            inputs={"x": ("FLOAT32", (1,))},
            operations=[operation],
            outputs=[last],
            weights=content,
            opset=opset,
        )
        assert shape is not None
        values = Program(path).values({"x": np.zeros(1, np.float32)}, list(named))
        return tuple(values.values())

    return run


def halves(values) -> tuple[str, bytes, int]:
    return "FLOAT16", np.asarray(values, "<f2").tobytes(), 0


@pytest.mark.parametrize("name", PALETTES)
def test_palettes_with_a_type_for_indices(decompressed, name):
    """iOS18: a table for each half of the first axis."""
    indices = GENERATOR.integers(0, PALETTES[name], (4, 3, 2))
    tables = GENERATOR.standard_normal((2, PALETTES[name])).astype(np.float16)
    expected = np.empty((4, 3, 2), np.float16)
    for place in np.ndindex(4, 3, 2):
        expected[place] = tables[place[0] // 2, indices[place]]
    (answer,) = decompressed(
        "constexpr_lut_to_dense",
        [packed(name, indices.reshape(-1).tolist()), halves(tables)],
        [("FLOAT16", (4, 3, 2))],
        {"indices": (0, name, (4, 3, 2)), "lut": (1, "FLOAT16", (2, 1, 1, PALETTES[name], 1))},
    )
    assert np.array_equal(answer, expected)


@pytest.mark.parametrize("axis", [0, 1])
def test_palettes_of_vectors(decompressed, axis):
    indices, vectors = np.array([[0, 1], [1, 1], [0, 0]]), np.array([[1, 2, 3], [4, 5, 6]])
    rows = [[vectors[index] for index in row] for row in indices]
    if axis == 0:
        expected = [[rows[i][j][v] for j in range(2)] for i, v in itertools.product(range(3), range(3))]
    else:
        expected = [[value for vector in row for value in vector] for row in rows]
    (answer,) = decompressed(
        "constexpr_lut_to_dense",
        [packed("UINT1", indices.reshape(-1).tolist()), halves(vectors)],
        [("FLOAT16", np.shape(expected))],
        {"indices": (0, "UINT1", (3, 2)), "lut": (1, "FLOAT16", (1, 1, 2, 3)), "vector_axis": axis},
    )
    assert answer.tolist() == expected


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_palettes_packed_into_bytes(decompressed, bits):
    """iOS16: everything in attributes, the shape beside."""
    indices, table = GENERATOR.integers(0, 1 << bits, 15).tolist(), GENERATOR.standard_normal(1 << bits)
    _, data, _ = packed(f"UINT{bits}", indices)
    (answer,) = decompressed(
        "constexpr_lut_to_dense",
        [("UINT8", data, 0), halves(table)],
        [("FLOAT16", (3, 5))],
        attributes={
            "indices": (0, "UINT8", (len(data),)),
            "lut": (1, "FLOAT16", (1 << bits,)),
            "shape": np.array([3, 5], np.uint32),
        },
        opset="CoreML6",
    )
    assert np.array_equal(answer.reshape(-1), table.astype(np.float16)[indices])


@pytest.mark.parametrize("name", ["INT4", "UINT4", "INT8", "UINT8"])
@pytest.mark.parametrize("with_offset", [True, False])
def test_blockwise(decompressed, name, with_offset):
    low, high = {"INT4": (-8, 8), "UINT4": (0, 16), "INT8": (-128, 128), "UINT8": (0, 256)}[name]
    data, offset = GENERATOR.integers(low, high, (4, 6)), GENERATOR.integers(low, high, (2, 3))
    scale = GENERATOR.uniform(0.5, 2, (2, 3)).astype(np.float16)
    expected = np.empty((4, 6))
    for row, column in np.ndindex(4, 6):
        block = row // 2, column // 2
        expected[row, column] = float(scale[block]) * float(data[row, column] - (offset[block] if with_offset else 0))
    records = [packed(name, data.reshape(-1).tolist()), halves(scale), packed(name, offset.reshape(-1).tolist())]
    inputs = {"data": (0, name, (4, 6)), "scale": (1, "FLOAT16", (2, 3))}
    inputs |= {"offset": (2, name, (2, 3))} if with_offset else {}
    (answer,) = decompressed("constexpr_blockwise_shift_scale", records, [("FLOAT16", (4, 6))], inputs)
    assert np.array_equal(answer, expected.astype(np.float16))


def test_affine_along_an_axis(decompressed):
    data, scale, zero = GENERATOR.integers(0, 256, (3, 4)), np.array([0.5, 2, 1, 0.25]), np.array([3, 0, 255, 128])
    (answer,) = decompressed(
        "constexpr_affine_dequantize",
        [packed("UINT8", data.reshape(-1).tolist()), halves(scale), packed("UINT8", zero.tolist())],
        [("FLOAT16", (3, 4))],
        attributes={
            "quantized_data": (0, "UINT8", (3, 4)),
            "scale": (1, "FLOAT16", (4,)),
            "zero_point": (2, "UINT8", (4,)),
            "axis": np.int32(-1),
        },
        opset="CoreML6",
    )
    assert np.array_equal(answer, (data - zero) * scale)


@pytest.mark.parametrize("opset", ["CoreML6", "CoreML8"])
def test_sparse(decompressed, opset):
    mask = GENERATOR.integers(0, 2, (3, 5))
    values = 1 + np.arange(mask.sum())
    expected, taken = np.zeros((3, 5)), iter(values)
    for place in np.ndindex(3, 5):
        expected[place] = next(taken) if mask[place] else 0
    bits = packed("UINT1", mask.reshape(-1).tolist())
    data = {"nonzero_data": (0, "FLOAT16", (len(values),))}
    if opset == "CoreML6":
        attributes = data | {"mask": (1, "UINT8", (2,)), "shape": np.array([3, 5], np.uint32)}
        records = [halves(values), ("UINT8", bits[1], 0)]
        (answer,) = decompressed(
            "constexpr_sparse_to_dense", records, [("FLOAT16", (3, 5))], attributes=attributes, opset=opset
        )
    else:
        inputs = data | {"mask": (1, "UINT1", (3, 5))}
        records = [halves(values), bits]
        (answer,) = decompressed("constexpr_sparse_to_dense", records, [("FLOAT16", (3, 5))], inputs)
    assert np.array_equal(answer, expected)


def test_sparse_palettes_and_sparse_blocks(decompressed):
    """The examples of coremltools' documentation of iOS18."""
    mask = [[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 0, 0]]
    flat = list(itertools.chain(*mask))
    answer_mask, answer = decompressed(
        "constexpr_lut_to_sparse",
        [packed("UINT1", flat), packed("UINT1", [0, 1, 1, 0, 1, 1, 0, 0, 1]), halves([2, 3])],
        [("UINT1", (4, 6)), ("FLOAT16", (9,))],
        {
            "indices_mask": (0, "UINT1", (4, 6)),
            "indices_nonzero_data": (1, "UINT1", (9,)),
            "lut": (2, "FLOAT16", (1, 1, 2, 1)),
        },
    )
    assert answer_mask.tolist() == mask
    assert answer.tolist() == [2, 3, 3, 2, 3, 3, 2, 2, 3]


def test_sparse_blocks(decompressed):
    mask = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]]
    _, answer = decompressed(
        "constexpr_sparse_blockwise_shift_scale",
        [
            packed("UINT1", list(itertools.chain(*mask))),
            packed("INT8", [10, 11, 3, 4, 5, 6, 7, 8, 9]),
            halves([0.1, 0.2, 0.3, 0.4]),
            packed("INT8", [1, 2, 3, 4]),
        ],
        [("UINT1", (4, 4)), ("FLOAT16", (9,))],
        {
            "data_mask": (0, "UINT1", (4, 4)),
            "nonzero_data": (1, "INT8", (9,)),
            "scale": (2, "FLOAT16", (1, 4)),
            "offset": (3, "INT8", (1, 4)),
        },
    )
    assert np.allclose(answer, [0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4], rtol=2e-3)


@pytest.mark.parametrize("name", ["int8", "uint8"])
def test_quantize_and_back(tmp_path, name):
    x = (GENERATOR.standard_normal((2, 3, 4)) * 50).astype(np.float32)
    low, high = (-128, 127) if name == "int8" else (0, 255)
    scale, zero = np.array([0.5, 1, 0.25], np.float32), np.array([1, 7, 100], name)
    expected = np.empty(x.shape, name)
    for place in np.ndindex(*x.shape):
        channel = place[1]
        expected[place] = min(max(round(float(x[place] / scale[channel])) + int(zero[channel]), low), high)
    arguments = {"scale": scale, "zero_point": zero, "axis": 1}
    declared = [(name.upper(), x.shape)]
    answer = execute(tmp_path / "q.mlpackage", "quantize", {"input": x}, declared, output_dtype=name, **arguments)
    assert answer.dtype == name
    assert np.array_equal(answer, expected)
    back = execute(tmp_path / "d.mlpackage", "dequantize", {"input": x * 0 + 3}, [("FLOAT32", x.shape)], **arguments)
    assert np.array_equal(back, (3 - zero.astype(np.float32)[:, None]) * scale[:, None] * np.ones_like(x))
