"""Quantized .tflite files in LiteRT: what the modes promise, against PyTorch on real images."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_litert.tools import flatbuffer_utils

from converters.deployable import deployable
from converters.passes import FOR_INTEGERS
from converters.tflite.apply import apply
from converters.tflite.checks import check, expected_answers, float_weights, golden_images, structure
from converters.tflite.convert import convert
from converters.tflite.options import TFLiteOptions
from converters.tflite.own_recipe import read_recipe
from converters.tflite.quantize import Plan, planned
from converters.tflite.ranges import choose, measure
from converters.tflite.recipes import recipe
from reference import scenes
from reference.checkpoints import load_checkpoint
from reference.errors import UserError
from reference.manifest import read_manifest
from reference.tolerances import numbers_of
from validation.runtimes.litert import LiteRTRuntime
from validation.runtimes.pytorch import PyTorchRuntime

SCENES = range(100, 160)


@pytest.fixture(scope="module")
def network(demo):
    return deployable(demo, passes=FOR_INTEGERS, bake_input=True)


@pytest.fixture(scope="module")
def plain(tflite):
    return tflite("none").path.read_bytes()


@pytest.fixture(scope="module")
def ranges(plain, demo):
    images = [demo.processor.resize_and_crop(scenes.render("train", index).image)[None] for index in range(8)]
    return choose(measure(plain, images), "auto")


@pytest.fixture(scope="module")
def answers(demo):
    """Pixels of scenes, and PyTorch's probabilities."""
    runtime = PyTorchRuntime(demo)
    pixels = [demo.processor.resize_and_crop(scenes.render("validation", index).image) for index in SCENES]
    return pixels, np.array([runtime.run(each) for each in pixels])


@pytest.mark.parametrize("mode", ["none", "float16", "int8", "int8-full"])
def test_operations_are_named_for_older_readers_too(tflite, mode):
    """OpenVINO, for example, reads the field of a byte first, in which 0 is ADD. Source: schema.fbs of LiteRT."""
    model = flatbuffer_utils.read_model(tflite(mode).path)
    codes = [(code.deprecatedBuiltinCode, code.builtinCode) for code in model.operatorCodes]
    assert all(old == min(new, 127) for old, new in codes), codes
    assert len({new for _, new in codes}) > 10


@pytest.mark.parametrize(
    # Over 60 scenes. The mean difference of probabilities tells apart what the choice of the class cannot.
    ("mode", "agreeing", "difference"),
    [("int8-weight", 59, 0.02), ("int8-dynamic", 59, 0.02), ("int8", 57, 0.04), ("int8-full", 55, 0.10)],
)
def test_answers_are_the_references_but_for_rounding(tflite, answers, mode, agreeing, difference):
    artifact = tflite(mode)
    runtime = LiteRTRuntime(artifact.path, read_manifest(artifact.path))
    pixels, expected = answers
    found = np.array([runtime.run(each) for each in pixels])
    assert (found.argmax(1) == expected.argmax(1)).sum() >= agreeing
    assert np.abs(found - expected).max(1).mean() <= difference


@pytest.mark.parametrize("mode", ["int8-weight", "int8-dynamic", "int8"])
def test_cpu_modes_stay_one_xnnpack_partition_and_a_third_of_float32(tflite, plain, mode):
    content = tflite(mode).path.read_bytes()
    assert structure(content).partitions == 1
    assert len(content) < 0.36 * len(plain)


def test_dynamic_int8_rounds_no_map_of_the_first_stages(tflite):
    """There it costs more time than it saves; what such an operation computes with is float, widened on loading."""
    interpreter = Interpreter(
        str(tflite("int8-dynamic").path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    tensors = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    convolutions = [node for node in interpreter._get_ops_details() if node["op_name"] == "CONV_2D"]
    rounding = {tensors[node["outputs"][0]]["name"]: tensors[node["inputs"][1]]["dtype"] for node in convolutions}
    early = {name for name in rounding if name.startswith(("conv_stem/", "layer.0/", "layer.1/"))}
    assert len(early) == 9
    assert {name for name, dtype in rounding.items() if dtype == np.float32} == early


@pytest.mark.deep
@pytest.mark.parametrize("mode", ["int8-dynamic", "int8"])
def test_channels_are_evened_out_for_integers_alone(mode, tmp_path):
    """Of xs, the first block's; a float file would only be slower."""
    options = TFLiteOptions(quantize=mode, calibration_samples=4, image_size=(128,))
    written = convert(load_checkpoint("demo", "xs"), tmp_path, options)
    names = [each["name"] for each in Interpreter(str(written.path)).get_tensor_details()]
    gates = {name.split("/gate/")[0] for name in names if "/gate/" in name}
    assert gates == ({f"layer.0/layer.0/{name}" for name in ("expand_1x1", "conv_3x3")} if mode == "int8" else set())


def test_full_int8_leaves_xnnpack_for_norms_and_softmax_only(tflite):
    assert structure(tflite("int8-full").path.read_bytes()).partitions <= 21 + 9 + 1


def test_full_int8_has_nothing_in_float_and_takes_bytes(tflite):
    artifact = tflite("int8-full")
    interpreter = Interpreter(
        str(artifact.path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    used = {int(i) for node in interpreter._get_ops_details() for i in (*node["inputs"], *node["outputs"])}
    types = {np.dtype(d["dtype"]).name for d in interpreter.get_tensor_details() if d["index"] in used}
    assert types == {"int8", "int32", "uint8"}
    manifest = read_manifest(artifact.path)
    assert (manifest.input.dtype, manifest.answer.dtype) == ("uint8", "uint8")
    (feed,), (fetch,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (manifest.input.quantization.scale, manifest.input.quantization.zero_point) == (1, 0)
    assert feed["quantization"] == (1, 0)
    found = manifest.answer.quantization
    assert (np.float32(found.scale), found.zero_point) == (np.float32(fetch["quantization"][0]), 0)


def test_manifest_says_what_was_done_and_on_what(tflite):
    manifest = read_manifest(tflite("int8").path)
    assert manifest.artifact.file == "mobilevit_xxs_demo_int8_samples16.tflite"
    assert (manifest.artifact.precision, manifest.artifact.compression) == ("float32", "int8")
    facts = manifest.calibration
    assert (facts.source, facts.samples, facts.method) == ("rendered training scenes", 16, "auto ranges")
    assert read_manifest(tflite("int8-dynamic").path).calibration is None


def test_activations_of_other_checkpoints_need_images(tmp_path):
    with pytest.raises(UserError, match="checkpoint random need real images: give --calibration FOLDER"):
        convert(load_checkpoint("random"), tmp_path, TFLiteOptions(quantize="int8"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int8-dynamic", "output_dtype": "uint8"}, "int8-dynamic measures no ranges"),
        ({"quantize": "none", "input_dtype": "int8"}, "none measures no ranges"),
        ({"quantize": "none", "max_drop": 1.0}, "--max-drop is for modes that quantize activations"),
        ({"quantize": "none", "keep_float": ("stem",)}, "--keep-float is for quantized operations"),
        ({"quantize": "int8", "keep_float": ("(",)}, "is no regular expression"),
        ({"quantize": "int8", "image_size": (128, 160)}, "takes images of one size"),
        ({"quantize": "int9"}, "--quantize int9 is unknown: choose among none, float16"),
    ],
)
def test_options_that_do_not_fit(options, message, demo):
    with pytest.raises(UserError, match=message):
        plan_of(demo, **options)


def plan_of(checkpoint, **options) -> Plan:
    return planned(TFLiteOptions(**options).settled(checkpoint.task), checkpoint)


def test_masks_have_no_output_type():
    checkpoint = load_checkpoint("random", task="segmentation")
    with pytest.raises(UserError, match="int32 class of each pixel"):
        plan_of(checkpoint, quantize="int8-full", output_dtype="int8")
    assert plan_of(checkpoint, quantize="int8-full", output_dtype="int8", output="logits").integer


def test_scopes_stay_float_on_request(plain, ranges):
    blocks = recipe("int8", "classification", keep_float=[r"layer\.4/"])
    content = apply(plain, blocks, ranges)
    assert structure(content).float_weights == float_weights(plain, blocks) > 20
    assert structure(apply(plain, recipe("int8", "classification"), ranges)).float_weights == 0


def test_recipes_come_from_files_too(tmp_path, plain):
    own = tmp_path / "recipe.json"
    own.write_text(json.dumps(recipe("int8-dynamic", "classification")))
    assert recipe("int8", "classification", own=read_recipe(own)) == recipe("int8-dynamic", "classification")
    two_bits = json.dumps(recipe("int8-weight", "classification")).replace('"num_bits": 8', '"num_bits": 2')
    for text, message in (
        ("{", "is no JSON"),
        ("{}", "must be a list"),
        ('[{"regexp": "."}]', "must be a list"),
        ("[]", "quantizes nothing"),
        (two_bits, "asks for 2 bits: 4, 8, 16 are known"),
    ):
        own.write_text(text)
        with pytest.raises(UserError, match=message):
            read_recipe(own)
    with pytest.raises(UserError, match="cannot read "):
        read_recipe(tmp_path / "none.json")


def test_what_no_quantizer_knows_is_refused_before_the_work(tmp_path, demo):
    """Nothing has been imported for the conversion yet, let alone converted."""
    own = tmp_path / "own.json"
    own.write_text(json.dumps(recipe("int8", "classification")).replace("min_max_uniform_quantize", "octopus"))
    with pytest.raises(UserError, match="ai-edge-quantizer refuses the recipe"):
        plan_of(demo, recipe=read_recipe(own))


def test_a_recipe_of_ones_own_has_a_name_of_its_own(tmp_path, demo):
    """Not float16's, which is the default of --quantize; and it is judged by the numbers that it names."""
    own = tmp_path / "my recipe.json"
    own.write_text(json.dumps(recipe("int8-weight", "classification")))
    written = convert(demo, tmp_path, TFLiteOptions(recipe=read_recipe(own)))
    facts = written.manifest.artifact
    assert re.fullmatch(r"mobilevit_xxs_demo_recipe-my-recipe-[0-9a-f]{6}\.tflite", facts.file)
    assert (facts.precision, facts.compression) == ("float32", "recipe8")
    assert json.loads(written.manifest.options["recipe"]) == json.loads(own.read_text())
    assert numbers_of(facts).noise == numbers_of(facts.model_copy(update={"compression": "int8-full"})).noise


class TestChecks:
    """Each check must see what it is there for."""

    def checked(self, tmp_path, demo, network, plain, content, mode="int8"):
        (tmp_path / "file.tflite").write_bytes(content)
        golden = golden_images(demo, 1)
        expected = expected_answers(network, golden)
        plan = plan_of(demo, quantize=mode)
        return check(tmp_path / "file.tflite", plain=plain, plan=plan, golden=golden, expected=expected)

    def test_a_good_file(self, tmp_path, demo, network, plain, tflite):
        line = self.checked(tmp_path, demo, network, plain, tflite("int8").path.read_bytes())
        assert "1 XNNPACK partition," in line

    def test_a_file_that_stayed_float(self, tmp_path, demo, network, plain):
        with pytest.raises(UserError, match="90 operations read float weights, the recipe says 0"):
            self.checked(tmp_path, demo, network, plain, plain)

    def test_one_scale_for_all_channels(self, tmp_path, demo, network, plain):
        text = json.dumps(recipe("int8-dynamic", "classification")).replace("CHANNELWISE", "TENSORWISE")
        content = apply(plain, json.loads(text), {})
        with pytest.raises(UserError, match="90 int8 weights have one scale for all"):
            self.checked(tmp_path, demo, network, plain, content, "int8-dynamic")

    def test_float_operations_in_an_integer_file(self, tmp_path, demo, network, plain, tflite):
        with pytest.raises(UserError, match="BATCH_MATMUL.*compute in float"):
            self.checked(tmp_path, demo, network, plain, tflite("int8").path.read_bytes(), "int8-full")

    def test_another_networks_answers(self, tmp_path, demo, network, plain, ranges):
        narrow = {name: {end: value / 8 for end, value in range.items()} for name, range in ranges.items()}
        with pytest.raises(UserError, match="probabilities agree with the reference's to .* only"):
            self.checked(tmp_path, demo, network, plain, apply(plain, recipe("int8", "classification"), narrow))
