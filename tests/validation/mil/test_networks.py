"""Convolutions, pooling, normalisations, products, activations: against sums written out, gradients and float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

GENERATOR = np.random.default_rng(1)


def normal(*shape) -> np.ndarray:
    return GENERATOR.standard_normal(shape).astype(np.float32)


def close(answer, expected, tolerance=1e-5):
    expected = np.asarray(expected)
    assert answer.shape == expected.shape
    assert np.abs(answer - expected).max() <= tolerance * max(1, np.abs(expected).max())


def convolved(x, weight, bias, strides, pads, dilations, groups):
    """One output value at a time, in float64."""
    x = np.pad(x.astype(np.float64), [(0, 0), (0, 0), *pads])
    outputs, channels, height, width = weight.shape
    rows = (x.shape[2] - (height - 1) * dilations[0] - 1) // strides[0] + 1
    columns = (x.shape[3] - (width - 1) * dilations[1] - 1) // strides[1] + 1
    y = np.zeros((len(x), outputs, rows, columns))
    for o, row, column in np.ndindex(outputs, rows, columns):
        first = o // (outputs // groups) * channels
        top, left = row * strides[0], column * strides[1]
        window = x[:, first : first + channels, top : top + (height - 1) * dilations[0] + 1 : dilations[0]]
        window = window[..., left : left + (width - 1) * dilations[1] + 1 : dilations[1]]
        y[:, o, row, column] = (window * weight[o]).sum((1, 2, 3)) + bias[o]
    return y


@pytest.mark.parametrize(
    ("pad_type", "pad", "pads"),
    [
        ("valid", None, [(0, 0), (0, 0)]),
        ("custom", [1, 0, 2, 3], [(1, 0), (2, 3)]),
        ("custom", [1, 1, 2, 2], [(1, 1), (2, 2)]),
        # 9 rows by stride 2: 5 positions reach 8 + 3 rows; 8 columns by 3: 3 positions reach 6 + 5 columns
        ("same", None, [(1, 1), (1, 2)]),
        ("same_lower", None, [(1, 1), (2, 1)]),
    ],
)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_conv(run, groups, pad_type, pad, pads):
    x, weight, bias = normal(2, 4, 9, 8), normal(8, 4 // groups, 3, 3), normal(8)
    expected = convolved(x, weight, bias, (2, 3), pads, (1, 2), groups)
    arguments = {} if pad is None else {"pad": np.array(pad)}
    answer = run(
        "conv",
        {"x": x},
        [("FLOAT32", expected.shape)],
        weight=weight,
        bias=bias,
        strides=np.array([2, 3]),
        dilations=np.array([1, 2]),
        pad_type=pad_type,
        groups=groups,
        **arguments,
    )
    close(answer, expected)


@pytest.mark.parametrize("groups", [1, 2])
def test_conv_transpose_is_the_gradient_of_conv(run, groups):
    weight, strides, dilations = normal(4, 6 // groups, 3, 2), (2, 3), (2, 1)
    upstream = normal(2, 4, 5, 4)
    original = torch.zeros(2, 6, 11 + 2, 10 + 1 + 1, requires_grad=True)
    result = torch.nn.functional.conv2d(original, torch.from_numpy(weight), None, strides, 0, dilations, groups)
    assert result.shape == upstream.shape
    (gradient,) = torch.autograd.grad(result, original, torch.from_numpy(upstream))
    expected = gradient[:, :, 1:-1, 2:-1]
    full = (5 - 1) * 2 + 2 * 2 + 1, (4 - 1) * 3 + 1 + 1  # coremltools' formula
    answer = run(
        "conv_transpose",
        {"x": upstream},
        [("FLOAT32", expected.shape)],
        weight=weight,
        strides=np.array(strides),
        dilations=np.array(dilations),
        groups=groups,
        pad_type="custom",
        pad=np.array([1, 1 - (original.shape[2] - full[0]), 2, 1 - (original.shape[3] - full[1])]),
    )
    close(answer, expected)


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool", "l2_pool"])
@pytest.mark.parametrize("exclude", [True, False])
def test_pooling(run, kind, exclude):
    x = normal(2, 3, 6, 7)
    padding, kernel, stride = [(1, 0), (0, 2)], (3, 2), (2, 3)
    inside = np.pad(np.ones(x.shape[2:], bool), padding)
    padded = np.pad(x, [(0, 0), (0, 0), *padding])
    rows, columns = (padded.shape[2] - 3) // 2 + 1, (padded.shape[3] - 2) // 3 + 1
    expected = np.zeros((2, 3, rows, columns))
    for row, column in np.ndindex(rows, columns):
        where = slice(2 * row, 2 * row + 3), slice(3 * column, 3 * column + 2)
        window, counts = padded[:, :, where[0], where[1]].reshape(2, 3, -1), inside[where].reshape(-1)
        expected[:, :, row, column] = {
            "max_pool": window[..., counts].max(-1),
            "avg_pool": window.sum(-1) / (counts.sum() if exclude else 6),
            "l2_pool": np.sqrt((window**2).sum(-1)),
        }[kind]
    arguments = {"exclude_padding_from_average": exclude} if kind == "avg_pool" else {}
    answer = run(
        kind,
        {"x": x},
        [("FLOAT32", expected.shape)],
        kernel_sizes=np.array(kernel),
        strides=np.array(stride),
        pad_type="custom",
        pad=np.array(padding).reshape(-1),
        **arguments,
    )
    close(answer, expected)


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("pad", [0, 1])
def test_pooling_rounded_up_is_pytorchs(run, size, pad):
    x = normal(1, 2, size, size)
    for kind, function in (("max_pool", torch.nn.MaxPool2d), ("avg_pool", torch.nn.AvgPool2d)):
        expected = function(3, 2, pad, ceil_mode=True)(torch.from_numpy(x)).numpy()
        arguments = {"kernel_sizes": np.array([3, 3]), "strides": np.array([2, 2]), "ceil_mode": True}
        answer = run(
            kind, {"x": x}, [("FLOAT32", expected.shape)], pad_type="custom", pad=np.array([pad] * 4), **arguments
        )
        close(answer, expected)


@pytest.mark.parametrize("axes", [[2], [-1], [1, 2], [1], [0, 2]])
def test_layer_norm(run, axes):
    x = normal(2, 3, 8) * 5 + 3
    size = [x.shape[axis] for axis in axes]
    gamma, beta = normal(*size), normal(*size)
    exact, over = x.astype(np.float64), tuple(axes)
    shape = [size if axis in [a % 3 for a in axes] else 1 for axis, size in enumerate(x.shape)]
    scaled = (exact - exact.mean(over, keepdims=True)) / np.sqrt(exact.var(over, keepdims=True) + 1e-3)
    expected = scaled * gamma.reshape(shape) + beta.reshape(shape)
    arguments = {"axes": np.array(axes), "gamma": gamma, "beta": beta, "epsilon": 1e-3}
    close(run("layer_norm", {"x": x}, [("FLOAT32", x.shape)], **arguments), expected)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_local_response_norm_is_pytorchs(run, size):
    x = normal(2, 6, 3, 4) * 3
    arguments = {"size": size, "alpha": 0.5, "beta": 0.75, "k": 2.0}
    expected = torch.nn.LocalResponseNorm(size, 0.5, 0.75, 2.0)(torch.from_numpy(x))
    close(run("local_response_norm", {"x": x}, [("FLOAT32", x.shape)], **arguments), expected)


def test_products_of_two_types_have_the_declared_one(run):
    x, y = np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(12, dtype=np.int32).reshape(3, 4)
    answer = run("matmul", {"x": x}, [("FLOAT32", (2, 4))], y=y)
    assert answer.dtype == np.float32
    assert np.array_equal(answer, x @ y)
    answer = run("matmul", {"y": y}, [("INT32", (2, 4))], x=x)
    assert answer.dtype == np.int32
    assert np.array_equal(answer, x @ y)


def test_products(run):
    x, y, weight, bias = normal(2, 1, 4, 5), normal(3, 6, 5), normal(7, 5), normal(7)
    expected = np.einsum("bimk,jnk->bjmn", x.astype(np.float64), y.astype(np.float64))
    close(run("matmul", {"x": x, "y": y}, [("FLOAT32", (2, 3, 4, 6))], transpose_y=True), expected)
    swapped = np.ascontiguousarray(x.swapaxes(-1, -2))
    arguments = {"transpose_x": True, "transpose_y": True}
    close(run("matmul", {"x": swapped, "y": y}, [("FLOAT32", (2, 3, 4, 6))], **arguments), expected)
    close(run("linear", {"x": x}, [("FLOAT32", (2, 1, 4, 7))], weight=weight, bias=bias), x @ weight.T + bias)


def test_attention(run):
    query, key, value = normal(2, 4, 8), normal(2, 5, 8), normal(2, 5, 3)
    mask = GENERATOR.random((4, 5)) < 0.7
    mask[:, 0] = True
    expected = np.zeros((2, 4, 3))
    for batch, row in np.ndindex(2, 4):
        weights = [math.exp(query[batch, row] @ key[batch, k] / math.sqrt(8)) * mask[row, k] for k in range(5)]
        expected[batch, row] = sum(w * value[batch, k] for k, w in enumerate(weights)) / sum(weights)
    tensors = {"query": query, "key": key, "value": value}
    close(run("scaled_dot_product_attention", tensors, [("FLOAT32", (2, 4, 3))], attn_mask=mask), expected)


ACTIVATIONS = {
    "silu": (lambda x: x / (1 + math.exp(-x)), {}),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), {}),
    "relu6": (lambda x: min(max(x, 0), 6), {}),
    "gelu": (lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))), {"mode": "EXACT"}),
    "softplus": (lambda x: math.log(1 + math.exp(x)), {}),
    "softsign": (lambda x: x / (1 + abs(x)), {}),
    "elu": (lambda x: x if x > 0 else 0.3 * (math.exp(x) - 1), {"alpha": 0.3}),
    "leaky_relu": (lambda x: x if x > 0 else 0.3 * x, {"alpha": 0.3}),
    "clamped_relu": (lambda x: min(2.0, x if x >= 0 else 0.3 * x), {"alpha": 0.3, "beta": 2.0}),
    "scaled_tanh": (lambda x: 0.3 * math.tanh(2 * x), {"alpha": 0.3, "beta": 2.0}),
    "sigmoid_hard": (lambda x: min(max(0.3 * x + 0.5, 0), 1), {"alpha": 0.3, "beta": 0.5}),
    "thresholded_relu": (lambda x: x if x >= 0.3 else 0, {"alpha": 0.3}),
    "linear_activation": (lambda x: 0.3 * x + 2, {"alpha": 0.3, "beta": 2.0}),
    "rsqrt": (lambda x: 1 / math.sqrt(abs(x)), {}),
    "erf": (math.erf, {}),
    "exp2": (lambda x: 2.0**x, {}),
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations(run, kind):
    function, arguments = ACTIVATIONS[kind]
    x = normal(3, 4, 5) * 4
    x = np.abs(x) if kind == "rsqrt" else x
    expected = np.vectorize(function, otypes=[float])(x.astype(np.float64))
    close(run(kind, {"x": x}, [("FLOAT32", x.shape)], **arguments), expected)


def test_softmax_over_any_axis(run):
    x = normal(2, 3, 4) * 5
    for axis in range(-3, 3):
        powers = np.exp(x.astype(np.float64))
        close(run("softmax", {"x": x}, [("FLOAT32", x.shape)], axis=axis), powers / powers.sum(axis, keepdims=True))


def test_declared_float16_rounds_each_result_once(run):
    x, weight = normal(1, 64).astype(np.float16), normal(16, 64).astype(np.float16)
    exact = x.astype(np.float64) @ weight.astype(np.float64).T
    answer = run("linear", {"x": x}, [("FLOAT16", (1, 16))], weight=weight)
    assert answer.dtype == np.float16
    assert np.array_equal(answer, exact.astype(np.float16))
    unrounded = run("linear", {"x": x}, [("FLOAT16", (1, 16))], weight=weight, precision="float32")
    assert unrounded.dtype == np.float32
    close(unrounded, exact, 1e-6)
    assert not np.array_equal(unrounded, unrounded.astype(np.float16))


@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_float16_accumulation_rounds_every_partial_sum(run, kind):
    x, weight = normal(1, 64).astype(np.float16), normal(16, 64).astype(np.float16)
    expected = np.zeros(16, np.float16)
    for k in range(64):  # NumPy rounds each float16 operation once
        expected = expected + x[0, k] * weight[:, k]
    if kind == "conv":
        x, weight = x.reshape(1, 64, 1, 1), weight.reshape(16, 64, 1, 1)
    declared = [("FLOAT16", (1, 16) if kind == "linear" else (1, 16, 1, 1))]
    answer = run(kind, {"x": x}, declared, weight=weight, precision="float16_accumulate")
    assert np.array_equal(answer.reshape(16), expected)


def test_float16_overflows(run):
    x = np.array([[60000.0, 1.0]], np.float16)
    assert run("add", {"x": x, "y": x}, [("FLOAT16", (1, 2))]).tolist() == [[np.inf, 2.0]]
    assert run("add", {"x": x, "y": x}, [("FLOAT16", (1, 2))], precision="float32").tolist() == [[120000.0, 2.0]]
