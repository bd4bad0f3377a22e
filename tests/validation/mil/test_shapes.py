"""Operations that move values around, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

examples = settings(max_examples=40)
shapes = nps.array_shapes(min_dims=1, max_dims=5, max_side=5)


def numbered(shape) -> np.ndarray:
    """All values different, so that none can take another's place unseen."""
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@examples
@given(shape=shapes, data=st.data())
def test_transpose(run, shape, data):
    x, order = numbered(shape), data.draw(st.permutations(range(len(shape))))
    expected = np.moveaxis(x, order, range(len(shape)))
    assert np.array_equal(run("transpose", {"x": x}, [("FLOAT32", expected.shape)], perm=np.array(order)), expected)


@examples
@given(shape=shapes, data=st.data())
def test_slice_by_index(run, shape, data):
    x, parts, squeeze = numbered(shape), [], []
    for size in shape:
        squeeze.append(data.draw(st.booleans()))
        first = data.draw(st.integers(-size, size - 1))
        parts.append((first, data.draw(st.integers(-size, size)), data.draw(st.sampled_from([1, 2, 3, -1, -2]))))
    begin_mask, end_mask = (data.draw(nps.arrays(bool, len(shape))) for _ in range(2))
    # an index for every axis in Python's own words
    picked = [
        [range(size)[first]]
        if squeezed
        else list(range(size))[None if from_start else first : None if to_end else last : step]
        for size, (first, last, step), squeezed, from_start, to_end in zip(shape, parts, squeeze, begin_mask, end_mask)
    ]
    expected = x[np.ix_(*picked)].squeeze(tuple(axis for axis, squeezed in enumerate(squeeze) if squeezed))
    begin, end, stride = np.array(parts, np.int32).T
    answer = run(
        "slice_by_index",
        {"x": x},
        [("FLOAT32", expected.shape)],
        begin=begin,
        end=end,
        stride=stride,
        begin_mask=begin_mask,
        end_mask=end_mask,
        squeeze_mask=np.array(squeeze),
    )
    assert np.array_equal(answer, expected)


@examples
@given(shape=nps.array_shapes(min_dims=1, max_dims=4, max_side=5), data=st.data())
def test_slice_update(run, shape, data):
    x = numbered(shape)
    begin = np.array([data.draw(st.integers(0, size - 1)) for size in shape], np.int32)
    end = np.array([data.draw(st.integers(first + 1, size)) for first, size in zip(begin, shape)], np.int32)
    update = -1 - numbered(tuple(end - begin))
    expected = x.copy()
    for place in np.ndindex(*update.shape):
        expected[tuple(begin + place)] = update[place]
    answer = run("slice_update", {"x": x, "update": update}, [("FLOAT32", shape)], begin=begin, end=end)
    assert np.array_equal(answer, expected)


@examples
@given(shape=shapes, data=st.data())
def test_split_and_concat_are_inverse(run, shape, data):
    x, axis = numbered(shape), data.draw(st.integers(-len(shape), len(shape) - 1))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, shape[axis] - 1)), max_size=2)) - {shape[axis]})
    parts = np.split(x, cuts, axis)
    sizes = np.array([part.shape[axis] for part in parts], np.int32)
    declared = [("FLOAT32", part.shape) for part in parts]
    answers = run("split", {"x": x}, declared, axis=axis, split_sizes=sizes)
    answers = answers if isinstance(answers, tuple) else (answers,)
    assert all(np.array_equal(answer, part) for answer, part in zip(answers, parts))


@examples
@given(shape=shapes, data=st.data())
def test_reshape(run, shape, data):
    x = numbered(shape)
    kept = data.draw(st.integers(0, len(shape) - 1))
    wanted = [0] * len(shape)
    wanted[kept] = -1
    answer = run("reshape", {"x": x}, [("FLOAT32", shape)], shape=np.array(wanted, np.int32))
    assert np.array_equal(answer, x)
    flat = run("reshape", {"x": x}, [("FLOAT32", (1, x.size))], shape=np.array([1, -1], np.int32))
    assert np.array_equal(flat, x.reshape(1, -1))


def test_reshape_copies_sizes_from_the_right(run):
    """The example of the iOS17 documentation."""
    answer = run("reshape", {"x": numbered((2, 50))}, [("FLOAT32", (1, 1, 2, 50))], shape=np.array([1, 0, -1, 0]))
    assert np.array_equal(answer, numbered((1, 1, 2, 50)))


@examples
@given(shape=shapes, data=st.data())
def test_expand_dims_and_squeeze(run, shape, data):
    x = numbered(shape)
    rank = len(shape) + data.draw(st.integers(1, 2))
    axes = data.draw(st.permutations(range(rank)))[: rank - len(shape)]
    expected = np.expand_dims(x, tuple(axes))
    grown = run("expand_dims", {"x": x}, [("FLOAT32", expected.shape)], axes=np.array(axes, np.int32))
    assert np.array_equal(grown, expected)
    back = run("squeeze", {"x": expected}, [("FLOAT32", shape)], axes=np.array(axes, np.int32))
    assert np.array_equal(back, x)


@examples
@given(shape=shapes, data=st.data(), mode=st.sampled_from(["constant", "reflect", "replicate"]))
def test_pad(run, shape, data, mode):
    x = numbered(shape)
    axes = data.draw(st.integers(1, len(shape)))
    amounts = [
        [data.draw(st.integers(0, size - 1 if mode == "reflect" else 3)) for _ in range(2)] for size in shape[-axes:]
    ]
    pads = [(0, 0)] * (len(shape) - axes) + [tuple(pair) for pair in amounts]
    named = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}[mode]
    expected = np.pad(x, pads, named, **({"constant_values": 7.5} if mode == "constant" else {}))
    flat = np.array(amounts, np.int32).reshape(-1)
    answer = run("pad", {"x": x}, [("FLOAT32", expected.shape)], pad=flat, mode=mode, constant_val=7.5)
    assert np.array_equal(answer, expected)


@examples
@given(shape=shapes, data=st.data())
def test_reverse_tile_and_windows(run, shape, data):
    x, axis = numbered(shape), data.draw(st.integers(0, len(shape) - 1))
    assert np.array_equal(run("reverse", {"x": x}, [("FLOAT32", shape)], axes=np.array([axis])), np.flip(x, axis))
    repeats = np.array(data.draw(st.lists(st.integers(1, 3), min_size=x.ndim, max_size=x.ndim)), np.int32)
    tiled = np.tile(x, repeats)
    assert np.array_equal(run("tile", {"x": x}, [("FLOAT32", tiled.shape)], reps=repeats), tiled)
    if x.ndim < 5:
        size, stride = data.draw(st.integers(1, shape[axis])), data.draw(st.integers(1, 3))
        views = np.lib.stride_tricks.sliding_window_view(x, size, axis)
        expected = np.moveaxis(np.take(views, range(0, views.shape[axis], stride), axis), -1, axis + 1)
        answer = run("sliding_windows", {"x": x}, [("FLOAT32", expected.shape)], axis=axis, size=size, stride=stride)
        assert np.array_equal(answer, expected)


@pytest.mark.parametrize(
    ("there", "back"), [("space_to_depth", "depth_to_space"), ("pixel_unshuffle", "pixel_shuffle")]
)
def test_blocks(run, there, back):
    x, block = numbered((2, 3, 4, 6)), 2
    expected = np.empty((2, 12, 2, 3), np.float32)
    for n, c, row, column in np.ndindex(*x.shape):
        position = row % block * block + column % block
        channel = position * 3 + c if there == "space_to_depth" else c * 4 + position
        expected[n, channel, row // block, column // block] = x[n, c, row, column]
    down, up = ("block_size",) * 2 if there == "space_to_depth" else ("downscale_factor", "upscale_factor")
    assert np.array_equal(run(there, {"x": x}, [("FLOAT32", expected.shape)], **{down: block}), expected)
    assert np.array_equal(run(back, {"x": expected}, [("FLOAT32", x.shape)], **{up: block}), x)


@examples
@given(shape=nps.array_shapes(min_dims=2, max_dims=4, max_side=4), data=st.data())
def test_gather_and_scatter(run, shape, data):
    x, axis = numbered(shape), data.draw(st.integers(0, len(shape) - 1))
    size = shape[axis]
    indices = np.array(data.draw(st.lists(st.integers(-size, size - 1), min_size=1, max_size=5)), np.int32)
    expected = np.stack([np.take(x, index % size, axis) for index in indices], axis)
    tensors = {"x": x, "indices": indices}
    assert np.array_equal(run("gather", tensors, [("FLOAT32", expected.shape)], axis=axis), expected)
    updates = 1 + numbered(expected.shape)
    total = x.copy()
    for number, index in enumerate(indices):  # an index that comes twice counts twice
        where = [slice(None)] * x.ndim
        where[axis] = index
        total[tuple(where)] += np.take(updates, number, axis)
    tensors = {"data": x, "indices": indices, "updates": updates}
    assert np.array_equal(run("scatter", tensors, [("FLOAT32", shape)], axis=axis, mode="add"), total)


@examples
@given(shape=shapes, data=st.data())
def test_sums_and_ranks(run, shape, data):
    x = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(np.prod(shape)).astype(np.float32)
    x, axis = x.reshape(shape), data.draw(st.integers(0, len(shape) - 1))
    sums = np.cumsum(x[tuple(slice(None, None, -1) if a == axis else slice(None) for a in range(x.ndim))], axis)
    expected = np.flip(sums, axis) - x
    answer = run("cumsum", {"x": x}, [("FLOAT32", shape)], axis=axis, exclusive=True, reverse=True)
    assert np.array_equal(answer, expected)
    k = data.draw(st.integers(1, shape[axis]))
    best = np.flip(np.sort(x, axis), axis).take(range(k), axis)
    values, indices = run("topk", {"x": x}, [("FLOAT32", best.shape), ("INT32", best.shape)], k=k, axis=axis)
    assert np.array_equal(values, best)
    assert np.array_equal(np.take_along_axis(x, indices.astype(int), axis), best)
    assert np.array_equal(
        run("reduce_argmax", {"x": x}, [("INT32", np.delete(shape, axis))], axis=axis), x.argmax(axis)
    )


def test_argmax_takes_the_first_of_equals(run):
    x = np.array([[1, 3, 3, 0], [2, 2, 2, 2]], np.float32)
    assert run("reduce_argmax", {"x": x}, [("INT32", (2,))], axis=1).tolist() == [1, 0]
