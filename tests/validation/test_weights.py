"""The weights in a file are the checkpoint's to half a step of the file's numbers, and other networks' are not.

A sound file is held to a reference with a mistake: they differ as a file with the mistake does from the sound one.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from reference.checkpoints import Checkpoint, load_checkpoint
from reference.errors import UserError
from validation import parity
from validation.artifact import Artifact, open_artifacts
from validation.checks.layer_forms import parts
from validation.checks.weights import foreign_weights, placed
from validation.graphs import Cells, stored
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


def test_numbers_of_six_bits():
    numbers = np.random.default_rng(0).integers(0, 64, 100)
    bits = ((numbers[:, None] >> np.arange(6)) & 1).ravel()
    assert from_bits(np.packbits(bits.astype(np.uint8), bitorder="little"), 6, 100).tolist() == numbers.tolist()
