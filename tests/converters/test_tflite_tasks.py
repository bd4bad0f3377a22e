"""The .tflite files of the tasks beside classification, in LiteRT, against PyTorch."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from converters.deployable import deployable
from converters.passes import FOR_INTEGERS
from reference import scenes
from reference.checkpoints import load_checkpoint
from validation import structure

from ..compiled import compiled_answers
from ..rounding import assert_as_exact, in_both_precisions

SIDE = 160
IMAGES = {"segmentation": 1, "logits": 2, "features": 3}  # at once


@pytest.fixture(scope="module", params=["segmentation", "logits", "features"])
def converted(request):
    """The task, its network, and the float32 file's content."""
    from converters.tflite.export import to_tflite
    from converters.tflite.keras_mobilevit import build

    task, output = ("segmentation", "logits") if request.param == "logits" else (request.param, "answer")
    checkpoint = load_checkpoint("random", "xxs", task)
    network = deployable(checkpoint, passes=FOR_INTEGERS, bake_input=True, output=output)
    model = build(network, SIDE, SIDE, "float32", IMAGES[request.param])
    return request.param, network, to_tflite(model, network.meanings)


@torch.no_grad()
def test_equals_pytorch(converted):
    task, network, content = converted
    coarse = torch.rand((IMAGES[task], 3, 9, 9), generator=torch.Generator().manual_seed(1)) * 255
    image = torch.nn.functional.interpolate(coarse, size=(SIDE, SIDE))
    run = Interpreter(model_content=content).get_signature_runner()
    answers = run(image=image.permute(0, 2, 3, 1).numpy())
    both = in_both_precisions(network, image)
    assert set(answers) == set(network.meanings)
    for name, exact, values in zip(network.meanings, *(both if task == "features" else [(each,) for each in both])):
        answer = answers[name]
        if name == "class_map":
            assert answer.shape == values.shape
            assert answer.dtype == np.int32
            assert len(np.unique(values)) > 3
            assert (answer != values.numpy()).mean() <= 1e-3  # where two classes tie, rounding decides
        else:
            nchw = answer.transpose(0, 3, 1, 2) if answer.ndim == 4 else answer
            assert nchw.shape == values.shape
            assert_as_exact(nchw, exact, values)


def test_answers_in_the_compiled_model_as_in_the_interpreter(converted):
    task, _, content = converted
    shape = (IMAGES[task], SIDE, SIDE, 3)
    images = np.random.default_rng(1).integers(0, 256, (2, *shape)).astype(np.float32)
    run = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    expected = [{name: answer.copy() for name, answer in run(image=image).items()} for image in images]
    for found, wanted in zip(compiled_answers(content, images, expected[0]), expected, strict=True):
        for name, answer in wanted.items():
            np.testing.assert_array_equal(found[name], answer)


def test_one_xnnpack_partition_up_to_the_choice_of_classes(converted):
    task, _, content = converted
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    (partition,) = (node for node in interpreter._get_ops_details() if node["op_name"] == "DELEGATE")
    assert interpreter.get_input_details()[0]["index"] in partition["inputs"]
    plain = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    outside = {"ARG_MAX"} if task == "segmentation" else set()
    names = {node["op_name"] for node in plain._get_ops_details()}
    assert not [name for name in names if name.startswith(("Flex", "CUSTOM")) or "SPACE" in name]
    assert names & {"ARG_MAX"} == outside
    last = {detail["index"] for detail in interpreter.get_output_details()}
    assert (set(partition["outputs"].tolist()) == last) == (not outside)
    assert max(len(tensor["shape"]) for tensor in plain.get_tensor_details()) <= 4


def test_the_gpu_delegate_knows_all_but_the_choice_of_the_class(converted, tmp_path):
    """By TensorFlow's own list of operations; its analyzer's check says yes to everything."""
    task, _, content = converted
    path = tmp_path / "task.tflite"
    path.write_bytes(content)
    (found,) = structure([path])
    expected = ["does not know ARG_MAX"] if task == "segmentation" else []
    assert [each.reason for each in found.obstacles] == expected


@cache
def float_file(task, passes, output):
    """A trained network of small input, its float file, and what an image makes of it."""
    from converters.tflite.export import to_tflite
    from converters.tflite.keras_mobilevit import build
    from converters.tflite.ranges import measure

    network = deployable(load_checkpoint("demo", "xxs", task), passes=passes, bake_input=True, output=output)
    plain = to_tflite(build(network, SIDE, SIDE, "float32"), network.meanings)
    image = np.asarray(scenes.render("validation", 3).image.resize((SIDE, SIDE)))[None]
    return network, plain, image, measure(plain, [image])


def quantized(task, mode, output="answer"):
    """A trained network of small input, its file in a mode whose ranges come from one image, and that image."""
    from converters.tflite.apply import apply
    from converters.tflite.options import TFLiteOptions
    from converters.tflite.quantize import passes, rules
    from converters.tflite.ranges import choose

    options = TFLiteOptions(quantize=mode, output=output).settled(task)
    network, plain, image, measured = float_file(task, passes(options, task), output)
    entries = rules(options, task)
    return network, apply(plain, entries, choose(measured, "minmax")), image


def test_a_mask_of_integers_alone():
    """int8-full up to the class: no float operation, no dequantized logits before the choice; 16 bits where meant."""
    from converters.tflite.checks import structure

    network, content, image = quantized("segmentation", "int8-full")
    assert structure(content).float_operations == ()
    plain = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    tensors = {detail["index"]: detail for detail in plain.get_tensor_details()}
    results = [(node["op_name"], tensors[node["outputs"][0]]) for node in plain._get_ops_details()]
    wide = [(kind, each["name"].split("/")[0]) for kind, each in results if each["dtype"] == np.int16]
    wide = [each for each in wide if each[0] != "QUANTIZE"]
    assert Counter(wide) == {("SOFTMAX", "layer.2"): 2, ("SUB", "layer.2"): 4}, "two layers"
    products = Counter(each["name"].split("/")[0] for kind, each in results if kind == "BATCH_MATMUL")
    assert products == {"layer.2": 2 * 3, "layer.3": 4 * 2, "layer.4": 3 * 2}, "in two parts in the first"
    found = Interpreter(model_content=content).get_signature_runner()(image=image)["class_map"]
    with torch.inference_mode():
        expected = network(torch.tensor(image).permute(0, 3, 1, 2).float()).numpy()
    assert found.dtype == np.int32
    assert len(np.unique(expected)) > 1
    assert (found == expected).mean() > 0.9


@pytest.mark.parametrize("npu", ["ethos-u55-128", "ethos-u65-256", "ethos-u85-256"])
def test_npus_take_a_segmenter_whole(npu, tmp_path):
    """By Arm's own compiler."""
    pytest.importorskip("ethosu", reason="NOT RUN: ethos-u-vela is not installed (extra npu)")
    path = tmp_path / "logits.tflite"
    path.write_bytes(quantized("segmentation", "int8-full", "logits")[1])
    (found,) = structure([path], npus=[npu])
    (partition,) = (each for each in found.partitions if each.accelerator == npu)
    assert (partition.count, partition.operations) == (1, sum(found.operations.values()))
    assert not [each for each in found.obstacles if each.accelerator == npu]


def test_a_mask_of_16_bits():
    """Up to the class, which LiteRT chooses among 8-bit integers or floats alone."""
    network, content, image = quantized("segmentation", "int16x8")
    found = Interpreter(model_content=content).get_signature_runner()(image=image.astype(np.float32))["class_map"]
    with torch.inference_mode():
        expected = network(torch.tensor(image).permute(0, 3, 1, 2).float()).numpy()
    assert (found == expected).mean() > 0.97


@pytest.mark.parametrize(
    "mode", ["int16x8", *(pytest.param(each, marks=pytest.mark.deep) for each in ("int8-full", "int8"))]
)
def test_features_beside_the_map_they_are_the_mean_of(mode):
    """The map is an output and the MEAN's input, of which ai-edge-quantizer makes a mean of the wrong numbers."""
    from converters.tflite.interpreters import from_stored, to_stored

    network, content, image = quantized("features", mode)
    run = Interpreter(model_content=content).get_signature_runner()
    answers = run(image=to_stored(image, run.get_input_details()["image"]))
    with torch.inference_mode():
        expected = network(torch.tensor(image).permute(0, 3, 1, 2).float())
    for name, values in zip(network.meanings, expected, strict=True):
        answer = from_stored(answers[name], run.get_output_details()[name])
        answer = np.moveaxis(answer, -1, 1).ravel()
        wanted = values.numpy().ravel()
        assert answer @ wanted > 0.99 * np.linalg.norm(answer) * np.linalg.norm(wanted)
