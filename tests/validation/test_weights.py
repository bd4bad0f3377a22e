"""The weights in a file are the checkpoint's to half a step of the file's numbers, and other networks' are not.

A sound file is held to a reference with a mistake: they differ as a file with the mistake does from the sound one.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from reference.checkpoints import Checkpoint, load_checkpoint
from reference.errors import UserError
from validation import parity
from validation.artifact import Artifact, open_artifacts
from validation.checks.layer_forms import Part, parts
from validation.checks.weights import _foreign_epsilons, _foreign_shifts, foreign_weights, placed
from validation.graphs import Cells, Stored, stored
from validation.graphs.cells import from_bits, of_floats, of_integers, of_table

from . import mistaken

FILES = [
    ("tflite", "float16"),
    ("tflite", "int8"),
    ("onnx_file", "int8"),
    pytest.param("mlpackage", "float16", marks=pytest.mark.writes_packages),
]
STAGES = "mobilevit.encoder.layer"


def epsilon(kind: type[nn.Module], value: float) -> Callable[[nn.Module], None]:
    def change(model: nn.Module) -> None:
        for each in model.modules():
            if isinstance(each, kind):
                each.eps = value

    return change


def times(layer: str, factor: float) -> Callable[[nn.Module], None]:
    return lambda model: model.get_submodule(layer).weight.mul_(factor)


def without_a_head(model: nn.Module) -> None:
    attention = model.get_submodule(f"{STAGES}.2.transformer.layer.1.attention.attention")
    attention.value.weight[: attention.attention_head_size] = 0
    attention.value.bias[: attention.attention_head_size] = 0


def class_bias(model: nn.Module) -> None:
    model.classifier.bias[3] += 0.1


def projection_bias(model: nn.Module) -> None:
    model.get_submodule(f"{STAGES}.3.transformer.layer.0.attention.output.dense").bias[5] += 0.02


def shifted(layer: str, by: float) -> Callable[[nn.Module], None]:
    def change(model: nn.Module) -> None:
        model.get_submodule(layer).normalization.bias[5] += by

    return change


# What the biases of norms and values that were folded into the next layer make of these weights' mistakes.
FOLDED = {
    f"{STAGES}.2.transformer.layer.1.attention.output.dense.bias",
    f"{STAGES}.3.transformer.layer.1.intermediate.dense.bias",
}
MISTAKES = {
    f"{STAGES}.2.transformer.layer.1.attention.attention.value.weight": without_a_head,
    "classifier.bias": class_bias,
    f"{STAGES}.3.transformer.layer.0.attention.output.dense.bias": projection_bias,
    f"{STAGES}.2.conv_kxk.weight": times(f"{STAGES}.2.conv_kxk.convolution", 1.01),
    f"{STAGES}.3.transformer.layer.1.intermediate.dense.weight": times(
        f"{STAGES}.3.transformer.layer.1.intermediate.dense", 1.01
    ),
    "classifier.weight": times("classifier", 1.01),
}


def changed(checkpoint: Checkpoint, *changes: Callable[[nn.Module], None]) -> Checkpoint:
    model = copy.deepcopy(checkpoint.model)
    with torch.no_grad():
        for change in changes:
            change(model)
    return dataclasses.replace(checkpoint, model=model)


def others(cells: list[Cells], checkpoint: Checkpoint) -> set[str]:
    """The layers that are not the checkpoint's."""
    return {each.layer for each in placed(parts(checkpoint, [1 / 255] * 3), cells) if each.share > 0}


@pytest.mark.parametrize(("fixture", "mode"), FILES)
def test_other_networks_are_seen(artifact, demo, fixture, mode):
    cells = stored(artifact(fixture, mode).path).cells
    assert others(cells, demo) == set()
    assert others(cells, changed(demo, *MISTAKES.values())) - FOLDED == MISTAKES.keys()
    for value in (0, 1e-3):
        seen = others(cells, changed(demo, epsilon(nn.BatchNorm2d, value)))
        assert len(seen) > 10, value


def foreign(artifact: Artifact, checkpoint: Checkpoint) -> list[str]:
    return foreign_weights(artifact.manifest, stored(artifact.path), checkpoint)


@pytest.mark.deep
@pytest.mark.parametrize(("fixture", "mode"), FILES)
def test_the_smallest_mistakes(artifact, demo, fixture, mode):
    """Prints, with -s, what is seen of one layer's weights and of one bias."""
    cells = stored(artifact(fixture, mode).path).cells

    def seen(layer: str, change: Callable[[float], Callable[[nn.Module], None]]) -> float:
        def is_seen(size: float) -> bool:
            wanted = [each for each in parts(changed(demo, change(size)), [1 / 255] * 3) if each.name == layer]
            return placed(wanted, cells)[0].share > 0

        return next(size for exponent in range(-7, 0) for size in (10.0**exponent, 3 * 10.0**exponent) if is_seen(size))

    layers = (f"{STAGES}.2.conv_kxk", f"{STAGES}.3.transformer.layer.1.intermediate.dense", "classifier")
    weights = {
        layer: seen(f"{layer}.weight", lambda size, name=name: times(name, 1 + size))
        for layer in layers
        for name in [layer + ".convolution" * layer.endswith("kxk")]
    }
    bias = seen("classifier.bias", lambda size: lambda model: model.classifier.bias[3].add_(size))
    print(f"\n{fixture} {mode}: weights {weights}, bias {bias}")
    assert max(weights.values()) <= 3e-3
    assert bias <= 1e-3


def test_tables_of_an_aimodel(aimodel, demo):
    cells = stored(aimodel(compress="palettize6").path).cells
    moved = others(cells, demo)
    assert all(layer.endswith(".bias") for layer in moved), "they make up for the tables"
    wrong = others(cells, changed(demo, without_a_head)) - moved
    assert wrong == {f"{STAGES}.2.transformer.layer.1.attention.attention.value.weight"}
    given = open_artifacts([aimodel(compress="palettize6").path])[0]
    assert foreign(given, demo) == []
    (said,) = foreign(given, changed(demo, shifted(f"{STAGES}.2.conv_kxk", 0.5)))
    assert said.startswith(f"{STAGES}.2.conv_kxk.bias[5] is 0.5 off the checkpoint's, where bias correction moved")


@pytest.mark.parametrize("channels", [16, 64, 640])
def test_what_bias_correction_does_not_do(channels):
    """It moves channels by sums of many errors; of those, the largest of thousands is no mistake."""
    generator = np.random.default_rng(channels)
    bias, weight = generator.normal(size=channels), generator.normal(size=(channels, 32))
    wanted = [Part("layer.weight", [(weight,)]), Part("layer.bias", [(bias,)])]
    for _ in range(200):
        held = bias + 0.05 * generator.normal(size=channels)
        assert _foreign_shifts(wanted, [of_floats("bias", held.astype(np.float16))]) == []
        held[3] = bias[3] + 2
        (said,) = _foreign_shifts(wanted, [of_floats("bias", held.astype(np.float16))])
        assert said.startswith("layer.bias[3] is 2 off")
    assert _foreign_shifts(wanted, [of_floats("weight", weight)]) == ["layer.bias is not in the file"]


@pytest.mark.deep
@pytest.mark.writes_packages
@pytest.mark.parametrize("compress", ["int8", "w8a8", "palettize6", "palettize4"])
def test_the_smallest_mistakes_in_moved_biases(compress, demo, tmp_path):
    """Prints, with -s, what is seen of one channel in each of three convolutions."""
    from converters.coreml.convert import convert
    from converters.coreml.options import CoreMLOptions

    file = convert(demo, tmp_path, CoreMLOptions(compress=compress)).path
    given, found = open_artifacts([file])[0], stored(file)

    def seen(layer: str) -> float:
        sizes = (size * 10.0**exponent for exponent in range(-5, 1) for size in (1, 3))
        return next(
            size for size in sizes if foreign_weights(given.manifest, found, changed(demo, shifted(layer, size)))
        )

    smallest = {name: seen(f"{STAGES}.{name}") for name in ("2.conv_kxk", "3.fusion", "4.conv_projection")}
    print(f"\n{compress}: {smallest}")
    assert max(smallest.values()) <= 3


@pytest.mark.deep
@pytest.mark.writes_packages
@pytest.mark.parametrize("size", ["xs", "s"])
@pytest.mark.parametrize("compress", ["int8", "palettize4", "w8a8"])
@pytest.mark.parametrize("pipeline", ["coreml", "coreai"])
def test_larger_files_are_the_checkpoints(pipeline, size, compress, tmp_path):
    """A million numbers are near to the end of their cell now and then, and evened out layers share some."""
    converter = importlib.import_module(f"converters.{pipeline}.__main__")
    arguments = ["--size", size, "--compress", compress, "--output-dir", str(tmp_path)]
    assert converter.main(arguments) == 0
    (file,) = tmp_path.glob("*.manifest.json")
    (result, *_) = parity(
        [str(file).removesuffix(".manifest.json")], runtimes=[{"coreml": "mil"}.get(pipeline, pipeline)]
    )
    assert {check.verdict for check in result.checks} == {"PASS"}


def test_other_heads(head):
    saved, written = head("probabilities")
    assert foreign(open_artifacts([written.path])[0], load_checkpoint(saved, task="classification")) == []


def test_layer_norms_epsilon_in_parity(onnx_file, tmp_path, photographs):
    file = mistaken.copy_of(onnx_file("none").path, tmp_path)
    model = onnx.load(file)
    for node in model.graph.node:
        for each in node.attribute:
            if (node.op_type, each.name) == ("LayerNormalization", "epsilon"):
                each.f = 1e-3
    onnx.save(model, file)
    mistaken.describe_anew(file)
    (result,) = parity([file], images=photographs[:1])
    said = [check.reason for check in result.checks if check.check == "weights"]
    assert said == ["LayerNorm's epsilon is 0.001 in the file, the checkpoint's 1e-05"]


@pytest.mark.parametrize(
    ("fixture", "mode"),
    [
        pytest.param("mlpackage", "float16", marks=pytest.mark.writes_packages),
        *(("tflite", mode) for mode in ("float16", "int8", "int8-full", "int16x8")),
    ],
)
def test_epsilons_of_a_file(artifact, demo, fixture, mode):
    given = open_artifacts([artifact(fixture, mode).path])[0]
    assert foreign(given, demo) == []
    assert foreign(given, changed(demo, epsilon(nn.LayerNorm, 1e-3))) == [
        "LayerNorm's epsilon is 1e-05 in the file, the checkpoint's 0.001"
    ]


@pytest.mark.parametrize("own", [1e-5, 1e-6, 1e-12])
def test_epsilons_in_float16(demo, own):
    """1e-6 is 1.3 % off there, and 1e-12 the smallest number or none; another network's are not taken for either."""
    checkpoint = changed(demo, epsilon(nn.LayerNorm, own))

    def said(value: float) -> list[str]:
        return _foreign_epsilons(Stored(epsilons=[("LayerNorm", value)]), checkpoint)

    assert said(own) == said(float(np.float16(own))) == said(max(own, 2**-24)) == []
    assert len(said(1e-3)) == len(said(1.1 * own + 2**-24)) == 1


def test_weights_that_cannot_be_read_are_not_run(onnx_file, demo, monkeypatch, photographs):
    def refuses(*_):
        raise UserError("weights in a form that is not read here")

    monkeypatch.setattr("validation.checks.parity.foreign_weights", refuses)
    (result,) = parity([onnx_file("none").path], images=photographs[:1])
    (check,) = (check for check in result.checks if check.check == "weights")
    assert (check.verdict, check.reason) == ("NOT RUN", "weights in a form that is not read here")


def test_numbers_stand_for_what_is_rounded_to_them():
    generator = np.random.default_rng(0)
    values = generator.normal(size=1000)
    half = of_floats("half", values.astype(np.float16))
    assert ((half.low <= values) & (values <= half.high)).all()
    scale = np.float32(np.abs(values).max() / 127)
    integers = np.rint(values / scale).astype(np.int8)
    cells = of_integers("integers", integers, scale, np.zeros((), np.int8))
    assert ((cells.low <= values + 1e-6) & (values - 1e-6 <= cells.high)).all()
    assert cells.high - cells.low == pytest.approx(float(scale))
    table = np.sort(generator.normal(size=16)).astype(np.float32)
    nearest = np.abs(values[:, None] - table).argmin(axis=1)
    cells = of_table("table", nearest, table)
    assert ((cells.low <= values + 1e-6) & (values - 1e-6 <= cells.high)).all()
    assert not ((cells.low <= values + 0.5) & (values + 0.5 <= cells.high)).all()


@given(st.floats(1e-3, 10), st.integers(0, 1 << 30))
def test_scales_and_tables_are_rounded_after_numbers_are_chosen(largest, seed):
    """To float16, by which the smallest numbers' cells end elsewhere too: a number just beyond half a step is 1."""
    generator = np.random.default_rng(seed)
    scale = largest / 127
    values = np.append(generator.uniform(-largest, largest, 100), scale * np.array([0.49999, 0.50001, -1.50001]))
    integers = of_integers("integers", np.rint(values / scale), np.float16(scale), np.zeros((), np.int8))
    table = np.sort(generator.uniform(-largest, largest, 16))
    values_near = np.append(values, (table[1:] + table[:-1]) / 2 + 1e-6 * largest)
    entries = of_table("table", np.abs(values_near[:, None] - table).argmin(axis=1), table.astype(np.float16))
    for cells, held in ((integers, values), (entries, values_near)):
        assert (np.maximum(cells.low - held, held - cells.high) <= 0).all()


def test_numbers_of_six_bits():
    numbers = np.random.default_rng(0).integers(0, 64, 100)
    bits = ((numbers[:, None] >> np.arange(6)) & 1).ravel()
    assert from_bits(np.packbits(bits.astype(np.uint8), bitorder="little"), 6, 100).tolist() == numbers.tolist()
