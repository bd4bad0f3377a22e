"""Ranges of activations, against PyTorch and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from converters.deployable import deployable
from converters.passes import FOR_INTEGERS
from converters.tflite.ranges import BINS, Activation, choose, measure


@pytest.fixture(scope="module")
def pixels(demo, photographs):
    return [demo.processor.resize_and_crop(image) for image in photographs[:4]]


@pytest.fixture(scope="module")
def activations(tflite, pixels):
    found = measure(tflite("none").path.read_bytes(), [each[None] for each in pixels])
    return {activation.name: activation for activation in found}


def test_ends_are_those_of_pytorchs_values_over_all_images(demo, pixels, activations):
    network = deployable(demo, passes=FOR_INTEGERS, bake_input=True).network
    parts = network.mobilevit
    modules = {
        "conv_stem/convolution": parts.conv_stem.convolution,
        "layer.4/fusion/convolution": parts.encoder.layer[4].fusion.convolution,
        "layer.2/conv_kxk/convolution": parts.encoder.layer[2].conv_kxk.convolution,
    }
    seen = {name: [] for name in modules}
    for name, module in modules.items():
        module.register_forward_hook(lambda module, inputs, output, name=name: seen[name].append(output))
    with torch.inference_mode():
        for each in pixels:
            network(torch.from_numpy(each)[None].permute(0, 3, 1, 2).float())
    for name, values in seen.items():
        (found,) = (
            activation for full, activation in activations.items() if name in full and activation.becomes == "silu"
        )
        everything = torch.cat(values)
        scale = float(everything.abs().max())
        assert found.minimum == pytest.approx(float(everything.min()), abs=1e-4 * scale)
        assert found.maximum == pytest.approx(float(everything.max()), abs=1e-4 * scale)
        assert found.counts.sum() >= 4 * 2000


def test_weights_are_no_activations(activations):
    assert len(activations) > 300
    assert not [name for name in activations if name.endswith("kernel")]


def activation(values: np.ndarray, **readers: bool | str) -> Activation:
    counts, _ = np.histogram(values, BINS, (values.min(), values.max()))
    return Activation("x", 4, float(values.min()), float(values.max()), counts, **readers)


def ends(values: np.ndarray, method: str, **readers: bool | str) -> tuple[float, float]:
    chosen = choose([activation(values, **readers)], method)["x"]
    assert chosen["min"].shape == (1, 1, 1, 1)
    return chosen["min"].item(), chosen["max"].item()


def error(values: np.ndarray, low: float, high: float, reads=lambda values: values) -> float:
    """Mean squared error of 256 levels, by PyTorch's own rounding to a scale and a zero point."""
    low, high = min(low, 0), max(high, 0)
    scale = (high - low) / 255
    rounded = torch.fake_quantize_per_tensor_affine(
        torch.from_numpy(values).float(), scale, round(-low / scale), 0, 255
    )
    return float(((reads(rounded) - reads(torch.from_numpy(values).float())) ** 2).mean())


@pytest.fixture(scope="module")
def heavy_tailed():
    """Where clipping pays: a normal distribution, and one value in a hundred thousand far out."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=400_000)
    values[:4] = (60, 45, -30, 50)
    return values


def test_each_method_does_what_it_says(heavy_tailed):
    assert ends(heavy_tailed, "minmax") == (-30, 60)
    low, high = np.percentile(heavy_tailed, (0.005, 99.995))
    width = (60 + 30) / BINS
    assert ends(heavy_tailed, "percentile") == pytest.approx((low, high), abs=width)
    clipped = error(heavy_tailed, *ends(heavy_tailed, "mse"))
    assert clipped < 0.7 * error(heavy_tailed, *ends(heavy_tailed, "minmax"))
    assert ends(heavy_tailed, "auto") == ends(heavy_tailed, "mse")


def test_auto_spends_no_levels_on_what_silu_sends_to_zero():
    values = np.random.default_rng(0).normal(-4, 5, size=200_000)
    silu = torch.nn.functional.silu
    behind = {method: error(values, *ends(values, method, becomes="silu"), silu) for method in ("auto", "mse")}
    assert behind["auto"] < 0.7 * behind["mse"]
    assert ends(values, "auto", becomes="silu")[0] > ends(values, "mse", becomes="silu")[0]


def test_auto_spends_no_levels_where_a_sigmoid_is_flat():
    values = np.random.default_rng(0).normal(0, 20, size=200_000)
    behind = {
        method: error(values, *ends(values, method, becomes="sigmoid"), torch.sigmoid) for method in ("auto", "mse")
    }
    assert behind["auto"] < 0.3 * behind["mse"]
    low, high = ends(values, "auto", becomes="sigmoid")
    assert -12 < low < -4
    assert 4 < high < 12


def test_right_hand_matrices_get_a_zero_point_of_0(activations):
    """Else XNNPACK leaves the product to a kernel eight times slower."""
    right = [name for name, activation in activations.items() if activation.multiplies]
    assert len(right) == 9 * 2 * 3, "keys and values of nine layers: projected, reshaped, transposed"
    assert all("attention" in name for name in right)
    low, high = ends(np.random.default_rng(0).normal(1, 1, size=10_000), "minmax", multiplies=True)
    scale = (high - low) / 255
    assert -128 - low / scale == pytest.approx(0, abs=1e-3)
