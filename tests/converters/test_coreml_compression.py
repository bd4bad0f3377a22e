"""What --compress makes of an .mlpackage, by the project's executor, scikit-learn's k-means and exact optima."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.models.utils import load_spec
from coremltools.optimize._utils import dequantize_by_scale_and_zp, quantize_weight
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from converters.choice import Palette, k_means, multiples, palette, spared
from converters.coreml import compress as compress_module
from converters.coreml import convert as convert_module
from converters.coreml.checks import _agrees, check
from converters.coreml.convert import convert
from converters.coreml.options import COMPRESSIONS, CoreMLOptions
from reference.errors import UserError
from validation.mil import Program
from validation.runtimes.mil import ProgramRuntime
from validation.runtimes.pytorch import PyTorchRuntime

pytestmark = pytest.mark.writes_packages

# NumPy's functions that put numbers in order, all of which stand on its sort.
ORDERING = (
    *("sort", "argsort", "lexsort", "partition", "argpartition", "searchsorted", "digitize", "histogram"),
    *("unique", "isin", "intersect1d", "union1d", "setdiff1d", "median", "percentile", "quantile"),
)


@pytest.fixture(scope="module")
def no_order_of_float16():
    """Let NumPy put float16 in no order at all, where NumPy 2.4 does it wrongly on some processors."""

    def refusing(name, function):
        def refuse(*arguments, **options):
            assert not any(isinstance(each, np.ndarray) and each.dtype == np.float16 for each in arguments), name
            return function(*arguments, **options)

        return refuse

    with pytest.MonkeyPatch.context() as patch:
        for name in ORDERING:
            patch.setattr(np, name, refusing(name, getattr(np, name)))
        yield


@pytest.fixture(scope="module")
def conversion(demo, tmp_path_factory, no_order_of_float16):
    """compression -> the artifact of the demo checkpoint, and what its check held it against."""
    done = {}

    def get(compress):
        if compress not in done:
            kept = []
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(convert_module, "check", lambda *given: kept.append(given) or check(*given))
                options = CoreMLOptions(compress=compress, calibration_samples=16)
                written = convert(demo, tmp_path_factory.mktemp(compress), options)
            ((_, _, chosen),) = kept
            done[compress] = written, chosen
        return done[compress]

    return get


@pytest.fixture(scope="module")
def converted(conversion):
    """compression -> the artifact."""
    return lambda compress: conversion(compress)[0]


def kinds(written) -> Counter:
    return Counter(operation.type for operation in Program(written.path).function.walk())


def disagreement(written, demo, photographs) -> float:
    """Mean over rendered scenes of the largest difference in a probability to PyTorch."""
    runtime, reference = ProgramRuntime(written.path, written.manifest), PyTorchRuntime(demo)
    pixels = [demo.processor.resize_and_crop(image) for image in photographs[:6]]
    return float(np.mean([np.abs(runtime.run(each) - reference.run(each)).max() for each in pixels]))


def compressed_weights(written, plain) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of float64 arrays, as the executor reads them: in the package, and in the one without compression."""
    programs = Program(written.path), Program(plain.path)
    names = [op.outputs[0].name for op in programs[0].function.walk() if op.type.startswith("constexpr_")]
    image = {"image": np.zeros((256, 256, 3), np.uint8)}
    ours, theirs = (program.values(image, names) for program in programs)
    return [(ours[name].astype(np.float64), theirs[name].astype(np.float64)) for name in names]


# Rounding a weight to 8 bits is a relative error of some 2**-8, to 6 bits of 2**-6; probabilities move by as much.
# At 4 bits the network visibly suffers: that it differs more than at 6 shows that the palette is really smaller.
@pytest.mark.parametrize(
    ("compress", "operation", "share", "least", "most"),
    [
        pytest.param("int8", "constexpr_affine_dequantize", 0.55, 1e-5, 0.02, marks=pytest.mark.deep),
        pytest.param("palettize8", "constexpr_lut_to_dense", 0.6, 1e-5, 0.02, marks=pytest.mark.deep),
        pytest.param("palettize6", "constexpr_lut_to_dense", 0.42, 1e-3, 0.15, marks=pytest.mark.deep),
        ("palettize4", "constexpr_lut_to_dense", 0.31, 2e-2, 0.6),
        ("w8a8", "constexpr_affine_dequantize", 0.62, 1e-4, 0.1),
    ],
)
def test_compression(conversion, mlpackage, demo, photographs, compress, operation, share, least, most):
    (written, chosen), plain = conversion(compress), mlpackage("float16")
    assert written.manifest.artifact.compression == compress
    assert written.path.name == f"mobilevit_xxs_demo_{compress}_samples16.mlpackage"
    assert written.manifest.artifact.bytes <= share * plain.manifest.artifact.bytes
    assert kinds(written)[operation] == len(chosen)
    weights = [each.numel() for each in demo.model.parameters() if each.dim() > 1]
    assert sum(each.dense.size for each in chosen.values()) >= (1 - 1 / 64) * sum(weights)
    assert least <= disagreement(written, demo, photographs) <= most


@pytest.mark.parametrize(
    "compress", [*(pytest.param(f"palettize{bits}", marks=pytest.mark.deep) for bits in (8, 6)), "palettize4"]
)
def test_tables_are_full_and_as_good_as_scikit_learns(converted, mlpackage, compress):
    """6 dB of squared error are a bit: 5 % more than another k-means finds would be a thirtieth of one."""
    size = 2 ** COMPRESSIONS[compress].bits
    for stored, weight in compressed_weights(converted(compress), mlpackage("float16")):
        assert size - 8 <= len(np.unique(stored)) <= size  # float16 cannot tell apart all values of a dense table
        if weight.size <= 4096:  # the others take scikit-learn too long
            peer = KMeans(size, n_init=1, random_state=0).fit(weight.reshape(-1, 1))
            assert np.square(stored - weight).sum() <= 1.05 * peer.inertia_


def test_weights_are_the_nearest_multiples_of_their_channels_scale(converted, mlpackage):
    """Half a step, and float16's rounding of quotient and scale, of 127 steps at most: 127 * 2**-10."""
    for stored, weight in compressed_weights(converted("w8a8"), mlpackage("float16")):
        step = np.abs(weight).max(axis=(1, 2, 3) if weight.ndim == 4 else 1, keepdims=True) / 127
        assert (np.abs(stored - weight) <= (0.5 + 127 * 2**-10) * step).all()


def test_w8a8_quantizes_what_convolutions_and_sums_take(converted):
    written = converted("w8a8")
    program = Program(written.path)
    operations = {output.name: op for op in program.function.walk() for output in op.outputs}
    for operation in operations.values():
        if operation.type in ("conv", "add"):
            source = operations[operation.inputs["x"].arguments[0].name]
            assert source.type == "dequantize", operation.outputs[0].name
    assert load_spec(str(written.path)).specificationVersion == 8  # Apple's number for iOS 17
    facts = written.manifest.calibration
    assert (facts.source, facts.samples) == ("rendered training scenes", 16)
    assert facts.method == "mse, bias correction"


def test_weights_alone_are_compressed_without_images_too(demo, tmp_path, converted):
    """Scenes say nothing about the mean outputs of another checkpoint: its biases stay."""
    assert converted("palettize4").manifest.calibration.method == "bias correction"
    written = convert(dataclasses.replace(demo, id="mine"), tmp_path, CoreMLOptions(compress="int8"))
    assert written.manifest.calibration is None


def optimum(values: np.ndarray, count: int) -> float:
    """The least squared error of `count` centres, by dynamic programming over all partitions of the sorted values."""
    line = np.sort(values.astype(np.float64))
    totals, squares = (np.concatenate(([0], np.cumsum(line**power))) for power in (1, 2))
    first, end = np.arange(len(line) + 1)[:, None], np.arange(len(line) + 1)
    members = np.maximum(end - first, 1)
    alone = np.where(end > first, squares - squares[:, None] - (totals - totals[:, None]) ** 2 / members, np.inf)
    best = alone[0]
    for _ in range(count - 1):
        best = np.minimum(best, (best[:, None] + alone).min(axis=0))
    return float(best[-1])


# Half a decibel (12 %) of squared error is a twelfth of a bit.
@pytest.mark.parametrize("shape", ["normal", "laplace", "uniform", "lognormal"])
@pytest.mark.parametrize("count", [4, 16, 64])
def test_k_means_is_near_the_optimum(shape, count):
    values = getattr(np.random.default_rng(0), shape)(size=600).astype(np.float32)
    centres = k_means(values, count)
    error = np.square(np.abs(values[:, None] - centres).min(axis=1)).sum()
    assert optimum(values, count) * (1 - 1e-6) <= error <= 1.12 * optimum(values, count)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=60), st.integers(1, 20))
def test_a_palette_gives_each_value_its_nearest_entry(values, bits):
    values, bits = np.array(values, np.float32), min(bits, 8)
    chosen = palette(values, bits)
    assert (chosen.table.shape, chosen.table.dtype) == ((2**bits,), np.float32)
    used = chosen.table[: len(np.unique(chosen.indices))]
    nearest = np.abs(values[:, None].astype(np.float64) - used).min(axis=1)
    assert (np.abs(chosen.dense - values.astype(np.float64)) <= nearest + 2**-22 * np.abs(values).max()).all()
    if len(np.unique(values)) <= 2**bits:
        assert np.array_equal(chosen.dense, values)


@given(st.lists(st.integers(1, 10**5), min_size=1))
def test_palettes_spare_the_smallest_tensors(sizes):
    largest = spared(sizes)
    stay = [size for size in sizes if size <= largest]
    assert largest == 512 or sum(stay) <= sum(sizes) / 64
    more = [size for size in sizes if size <= min((size for size in sizes if size > largest), default=0)]
    assert not more or sum(more) > sum(sizes) / 64, "another tensor could stay"


def test_scales_of_channels_without_weights_are_zero():
    weight = np.array([[0, 0], [-3, 1]], np.float32)
    chosen = multiples(weight)
    assert chosen.multiples.tolist() == [[0, 0], [-127, 42]]
    assert np.array_equal(chosen.dense, np.float32([[0, 0], [-3, 3 * 42 / 127]]))


def test_coremltools_own_palettes_order_float16(no_order_of_float16):
    """Which shows that this would be noticed."""
    weight = np.random.default_rng(0).normal(size=(8, 4, 1, 1)).astype(np.float16)
    quantizer = ct.optimize.coreml._quantization_passes.palettize_weights
    with pytest.raises(AssertionError, match="unique"):
        quantizer.blockwise_compress(weight, "UNIQUE", None, [0] * 4)


def test_a_package_with_too_long_tables_is_never_published(demo, tmp_path, monkeypatch):
    """As NumPy's fault made them: 64 entries where 16 were asked for."""
    handed_over = compress_module._tables

    def too_long(weights, chosen):
        return handed_over(
            weights, {name: Palette(np.resize(each.table, 64), each.indices) for name, each in chosen.items()}
        )

    monkeypatch.setattr(compress_module, "_tables", too_long)
    with pytest.raises(UserError, match="a table of 64 values where 16 were asked for"):
        convert(dataclasses.replace(demo, id="mine"), tmp_path, CoreMLOptions(compress="palettize4"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("compress", ["palettize4", "w8a8"])
def test_a_package_with_other_weights_is_refused(conversion, tmp_path, compress):
    (written, chosen), compression = conversion(compress), COMPRESSIONS[compress]
    path = shutil.copytree(written.path, tmp_path / written.path.name)
    check(path, compression, chosen)
    with pytest.raises(UserError, match="in a package of another compression"):
        check(path, COMPRESSIONS["int8" if compression.palette else "palettize4"], chosen)
    (weights,) = path.rglob("weight.bin")
    content = bytearray(weights.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(255 - byte for byte in content[middle : middle + 4096])
    weights.write_bytes(content)
    with pytest.raises(UserError, match="no compressed weight in it is what was chosen for network"):
        check(path, compression, chosen)


@given(st.floats(2e-3, 60), st.integers(0, 1 << 30))
def test_multiples_in_float16_are_those_that_were_chosen(largest, seed):
    """By coremltools' own functions; ties between two multiples, which it may round the other way, are half of them."""
    generator = np.random.default_rng(seed)
    steps = generator.uniform(largest / 2, largest, (500, 1)) / 127
    ties = (generator.integers(0, 127, (500, 40)) + 0.5) * (1 - 1e-6)
    others = generator.uniform(-127, 127, (500, 40))
    weight = (np.hstack((ties, others, np.full((500, 1), 127))) * steps).astype(np.float32)
    stored, scales, _ = quantize_weight(weight.astype(np.float16), (1,), 8, True, "LINEAR_SYMMETRIC", np.int8)
    assert _agrees(dequantize_by_scale_and_zp(stored, scales, None, axis=0).astype(np.float32), multiples(weight))


def small_package(folder, weight, **options):
    """One convolution with the weight, compressed by coremltools."""

    @mb.program(input_specs=[mb.TensorSpec((1, weight.shape[1], 4, 4))], opset_version=ct.target.iOS16)
    def program(x):
        return mb.conv(x=x, weight=weight)

    model = ct.convert(program, convert_to="mlprogram", skip_model_load=True)
    config = ct.optimize.coreml.OptimizationConfig(
        ct.optimize.coreml.OpLinearQuantizerConfig(weight_threshold=0, **options)
    )
    model = ct.optimize.coreml.linear_quantize_weights(model, config)
    model.save(str(folder / "small.mlpackage"))
    return folder / "small.mlpackage"


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ({"mode": "linear_symmetric"}, None),
        ({"mode": "linear_symmetric", "granularity": "per_tensor"}, "1 scales for 8 output channels"),
        ({"mode": "linear"}, "a zero point other than 0"),
    ],
)
def test_scales_are_one_for_each_output_channel(tmp_path, options, mistake):
    weight = np.random.default_rng(0).normal(1, 1, (8, 4, 1, 1)).astype(np.float32)
    path, chosen = small_package(tmp_path, weight, **options), {"small": multiples(weight)}
    if mistake is None:
        check(path, COMPRESSIONS["int8"], chosen)
        chosen = {"small": multiples(weight * 2)}
        mistake = "what was chosen for small"
    with pytest.raises(UserError, match=mistake):
        check(path, COMPRESSIONS["int8"], chosen)
