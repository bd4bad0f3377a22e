"""`python -m validation structure`: what files consist of, against what their runtimes and libraries say."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from importlib.metadata import PackageNotFoundError

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnx import TensorProto, helper, numpy_helper

from reference.errors import UserError
from validation.__main__ import main
from validation.checks import ethos_u
from validation.checks.accelerators import GPU_DELEGATE, NEURAL_ENGINE, ON_GPU_DELEGATE
from validation.checks.structure import structure

from . import mistaken


def look(artifact):
    (found,) = structure([artifact])
    return found


@pytest.fixture
def write(tmp_path):
    """Nodes, and inputs by name as type and shape, and initializers -> an .onnx file."""

    def to_file(nodes, inputs, initializers=(), opset=18):
        fed = [helper.make_tensor_value_info(name, *spec) for name, spec in inputs.items()]
        out = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.UNDEFINED, None)
        stored = [numpy_helper.from_array(array, name) for name, array in initializers]
        graph = helper.make_graph(nodes, "g", fed, [out], stored)
        path = tmp_path / "made.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]), path)
        return path

    return to_file


def test_operations_and_weights_of_tflite_as_litert_says(tflite):
    artifact = tflite("float16").path
    found = look(artifact)
    plain = Interpreter(str(artifact), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    operations = Counter(each["op_name"] for each in plain._get_ops_details())
    assert found.operations == operations
    assert (found.transposes, found.reshapes) == (operations["TRANSPOSE"], operations["RESHAPE"])
    assert found.computes == {
        "float32": operations.total() - operations["DEQUANTIZE"],
        "conversion": operations["DEQUANTIZE"],
    }
    assert found.rank == max(len(each["shape"]) for each in plain.get_tensor_details())
    halves = sum(each["shape"].prod() * 2 for each in plain.get_tensor_details() if each["dtype"] == np.float16)
    assert [(each.bytes, each.compression) for each in found.weights if each.data_type == "float16"] == [
        (halves, "none")
    ]
    (partitions,) = found.partitions
    assert partitions.count == 1
    assert found.obstacles == []


def test_multiplications_are_pytorchs(tflite, demo):
    """By PyTorch's own counter; a file of integers has as many, split by what they compute with."""
    from torch.utils.flop_counter import FlopCounterMode

    pixels = torch.zeros(1, 3, 256, 256)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        demo.model(pixels)
    expected = counter.get_total_flops() // 2  # a multiplication and an addition
    assert look(tflite("none").path).work.macs == {"float32": expected}
    assert look(tflite("int8-full").path).work.macs == {"int8": expected}
    counted = look(tflite("int8").path).work.macs
    assert counted.keys() == {"int8", "float32"}
    assert sum(counted.values()) == expected
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        demo.model.mobilevit.conv_stem(pixels)
    stem, products = counter.get_total_flops() // 2, _products(tflite("int8").path)
    assert counted["float32"] == stem + products // 2, "the stem and the scores stay float"


def _products(path) -> int:
    """Of attention, by LiteRT's tensors: [.., M, K] by [.., K, N]."""
    plain = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    shapes = {each["index"]: each["shape"] for each in plain.get_tensor_details()}
    nodes = [each for each in plain._get_ops_details() if each["op_name"] == "BATCH_MATMUL"]
    return int(sum(shapes[each["inputs"][0]].prod() * shapes[each["outputs"][0]][-1] for each in nodes))


def test_moves_and_conversions_as_litert_has_the_tensors(tflite):
    """Of activations: what weights are unpacked to is made once."""
    path = tflite("int8").path
    plain = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    tensors = {each["index"]: each for each in plain.get_tensor_details()}
    nodes, found = plain._get_ops_details(), look(path).work
    results = {index for each in nodes for index in each["outputs"]} | {plain.get_input_details()[0]["index"]}
    moves = [each for each in nodes if each["op_name"] in ("TRANSPOSE", "CONCATENATION", "PAD")]
    written = [tensors[index] for each in moves for index in each["outputs"]]
    assert found.moved_bytes == sum(each["shape"].prod() * np.dtype(each["dtype"]).itemsize for each in written)
    between = [each for each in nodes if each["op_name"] in ("QUANTIZE", "DEQUANTIZE") and each["inputs"][0] in results]
    assert found.conversions == len(between) > 50
    assert found.converted_values == sum(tensors[each["outputs"][0]]["shape"].prod() for each in between)
    assert look(tflite("float16").path).work.conversions == 0


def test_what_the_gpu_delegate_does_not_know(tflite, tmp_path):
    from ai_edge_litert import schema_py_generated as schema

    known = {kind for kind in ON_GPU_DELEGATE if not kind.startswith("CUSTOM ")}
    assert known < vars(schema.BuiltinOperator).keys(), "misspelt kinds would never match"
    wrong = mistaken.copy_of(tflite("none").path, tmp_path)
    before = look(wrong)
    assert before.obstacles == []

    def edit(model, weights):
        for kind, other in (("LOGISTIC", "WHERE"), ("SOFTMAX", "CUSTOM")):
            number = getattr(schema.BuiltinOperator, kind)
            code = next(each for each in model.operatorCodes if each.builtinCode == number)
            code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, other)
            code.customCode = b"Foreign"

    mistaken.edit_tflite(wrong, edit)
    found = look(wrong)
    assert {(each.reason, each.operations) for each in found.obstacles} == {
        ("does not know WHERE", before.operations["LOGISTIC"]),
        ("does not know CUSTOM Foreign", before.operations["SOFTMAX"]),
    }
    assert {each.accelerator for each in found.obstacles} == {GPU_DELEGATE}
    assert found.partitions[0].count > before.partitions[0].count == 1, "XNNPACK does not take them either"


def test_dynamic_int8_of_tflite_is_float_by_int8(tmp_path):
    import tensorflow as tf

    dense = tf.keras.Sequential([tf.keras.Input((64,), 1), tf.keras.layers.Dense(64)])
    converter = tf.lite.TFLiteConverter.from_keras_model(dense)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    path = tmp_path / "dynamic.tflite"
    path.write_bytes(converter.convert())
    found = look(path)
    assert found.computes == {"float32 by int8": 1}
    assert [(each.data_type, each.bytes) for each in found.weights if each.compression != "none"] == [("int8", 64 * 64)]


@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_programs_as_coremltools_says(mlpackage, precision):
    import coremltools

    artifact = mlpackage(precision).path
    found = look(artifact)
    model = coremltools.models.MLModel(str(artifact), skip_model_load=True)
    (block,) = model.get_spec().mlProgram.functions["main"].block_specializations.values()
    assert found.operations == Counter(each.type for each in block.operations if each.type != "const")
    metadata = coremltools.optimize.coreml.get_weights_metadata(model, weight_threshold=0)
    named = {each.outputs[0].name: each for each in block.operations if each.type == "const"}
    in_file = [
        each.val.nbytes
        for name, each in metadata.items()
        if named[name].attributes["val"].WhichOneof("value") == "blobFileValue"
    ]
    (weights,) = found.weights
    assert (weights.data_type, weights.tensors, weights.bytes) == (precision, len(in_file), sum(in_file))
    (obstacle,) = found.obstacles
    assert obstacle.accelerator == NEURAL_ENGINE
    # In a float16 program the scaling of the image's bytes and the choice of the label stay float32.
    assert obstacle.operations == (2 if precision == "float16" else sum(found.operations.values()))
    assert found.partitions[0].source.startswith("NOT RUN")


def test_programs_with_what_the_neural_engine_lacks(mlpackage, tmp_path):
    wrong = mistaken.copy_of(mlpackage("float16").path, tmp_path)

    def edit(spec, block):
        softmax = mistaken.operation(block, "softmax")
        softmax.type = "scatter_nd"
        for _ in range(4):
            softmax.outputs[0].type.tensorType.dimensions.add().constant.size = 1
        size = spec.description.input[0].type.imageType.imageSizeRange
        size.widthRange.lowerBound, size.widthRange.upperBound = 64, -1

    mistaken.edit_program(wrong, edit)
    reasons = [each.reason for each in look(wrong).obstacles]
    assert len(reasons) == 4
    assert "more than 5 dimensions" in reasons
    assert "scatter_nd does not run there" in reasons
    assert "input image takes a range of shapes" in " ".join(reasons)


def test_onnx_in_float_and_integers(write):
    scale, zero = ("scale", np.float32(0.1)), ("zero", np.uint8(3))
    weight = ("weight", np.ones((4, 4), np.int8))
    scales, zeros = ("scales", np.ones(4, np.float32)), ("zeros", np.zeros(4, np.int8))
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        helper.make_node("DequantizeLinear", ["weight", "scales", "zeros"], ["w"], axis=1),
        helper.make_node("MatMul", ["d", "w"], ["m"]),
        helper.make_node("QuantizeLinear", ["m", "scale", "zero"], ["mq"]),
        helper.make_node("DequantizeLinear", ["mq", "scale", "zero"], ["md"]),
        helper.make_node("Transpose", ["md"], ["t"], perm=[1, 0]),
        helper.make_node("Relu", ["t"], ["y"]),
    ]
    found = look(write(nodes, {"x": (TensorProto.FLOAT, [2, 4])}, [scale, zero, weight, scales, zeros]))
    assert found.computes == {"conversion": 5, "float32": 2, "uint8": 1}
    assert (found.transposes, found.reshapes, found.rank) == (1, 0, 2)
    compressed = [each for each in found.weights if each.compression == "scale per channel"]
    assert [(each.data_type, each.tensors, each.bytes) for each in compressed] == [("int8", 1, 16)]
    assert sum(each.bytes for each in found.weights) == 16 + 16 + 4 + 4 + 1


def test_onnx_with_open_shapes_many_dimensions_and_foreign_operations(write):
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["r"]),
        helper.make_node("Transpose", ["r"], ["t"], perm=range(6)),
        helper.make_node("Relu", ["x"], ["u"]),
        helper.make_node("Det", ["u"], ["y"]),
    ]
    shape = ("shape", np.array([1, 1, 1, 1, 4, 4]))
    found = look(write(nodes, {"x": (TensorProto.FLOAT, ["n", 4])}, [shape]))
    assert found.rank == 6
    coreml = " ".join(each.reason for each in found.obstacles if each.accelerator.startswith("CoreML"))
    assert "does not know Det" in coreml
    assert "open shapes" in coreml
    assert "more than 5 dimensions" in coreml


def test_what_onnx_runtimes_checker_cannot_take_is_not_run(write):
    """It looks for the order of axes, which may be left out."""
    found = look(write([helper.make_node("Transpose", ["x"], ["y"])], {"x": (TensorProto.FLOAT, [2, 4])}))
    assert found.transposes == 1
    assert [each.count for each in found.partitions] == [None, None]
    assert all(each.source.startswith("NOT RUN: ") for each in found.partitions)


@pytest.mark.parametrize("name", ["x.tflite", "x.onnx"])
@pytest.mark.parametrize("content", [b"", b"\x00\x01nonsense" * 20, b"\x1c\x00\x00\x00TFL3" + b"\xff" * 50])
def test_broken_files_end_in_one_line(tmp_path, capsys, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["structure", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert str(path) in said.err


def test_foreign_and_missing_files(tmp_path):
    (tmp_path / "x.pt").touch()
    (tmp_path / "x.mlpackage").mkdir()
    for name, says in [("x.pt", "is none of"), ("y.onnx", "does not exist"), ("x.mlpackage", "is no .mlpackage")]:
        with pytest.raises(UserError, match=says):
            structure([tmp_path / name])


def test_the_command(tflite, tmp_path, capsys):
    artifact, file = tflite("float16").path, tmp_path / "found.json"
    assert main(["structure", str(artifact), "--json", str(file)]) == 0
    (found,) = json.loads(file.read_text("utf-8"))
    printed = capsys.readouterr().out
    assert found["operations"] == look(artifact).operations
    assert f"{found['transposes']} transposes, {found['reshapes']} reshapes" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_an_npu_takes_all_of_a_file_of_integers(tflite, capfd, tmp_path):
    """By Arm's own compiler; a file of floats it leaves to the CPU, but for what has no type."""
    pytest.importorskip("ethosu", reason="NOT RUN: ethos-u-vela is not installed (extra npu)")
    integers, floats = tflite("int8-full").path, tflite("float16").path
    report = tmp_path / "report.json"
    assert main(["structure", str(integers), str(floats), "--npu", "ethos-u55-128", "--json", str(report)]) == 0
    whole, left = json.loads(report.read_text())
    (npu,) = (each for each in whole["partitions"] if each["accelerator"] == "ethos-u55-128")
    assert (npu["count"], npu["operations"]) == (1, sum(whole["operations"].values()))
    assert not [each for each in whole["obstacles"] if each["accelerator"] == "ethos-u55-128"]
    reasons = {each["reason"] for each in left["obstacles"] if each["accelerator"] == "ethos-u55-128"}
    assert {"leaves CONV_2D to the CPU", "leaves MEAN to the CPU"} <= reasons
    assert "ms" in capfd.readouterr().out


def test_an_npu_is_given_the_memory_that_a_file_needs(tflite, monkeypatch):
    """The compiler's own words of a segmenter on ethos-u65-256, which takes minutes to convert."""
    pytest.importorskip("ethosu", reason="NOT RUN: ethos-u-vela is not installed (extra npu)")
    asked, compiles = [], ethos_u._compile

    def refuses_once(artifact, npu, folder, more):
        asked.append(more)
        if more:
            return compiles(artifact, npu, folder, more)
        said = "RuntimeError: Compilation failed: Failed to allocate tensors. Memory used 458752, limit 393216)"
        return subprocess.CompletedProcess([], 1, "", f"Traceback\n{said}\n")

    monkeypatch.setattr(ethos_u, "_compile", refuses_once)
    (found,) = structure([tflite("int8-full").path], npus=["ethos-u55-128"])
    assert asked == [[], ["--arena-cache-size", "458752"]]
    assert found.partitions[-1].count == 1
    assert found.partitions[-1].source.endswith(" ms with 448 KiB of SRAM, more than its default")


def test_an_npu_without_its_compiler(tflite, monkeypatch):
    monkeypatch.setattr("validation.checks.ethos_u.version", lambda name: (_ for _ in ()).throw(PackageNotFoundError))
    (found,) = structure([tflite("int8-full").path], npus=["ethos-u55-128"])
    assert found.partitions[-1].source == "NOT RUN: ethos-u-vela is not installed (extra npu)"
