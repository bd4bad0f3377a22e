"""The saved .mlpackage, read back from disk with coremltools' protobuf classes."""

from __future__ import annotations

import coremltools as ct
import numpy as np
import pytest
import torch
from coremltools.models.utils import load_spec
from coremltools.proto import FeatureTypes_pb2
from PIL import Image

from converters.channels_first import to_channels_first
from converters.coreml.operations import FORM
from converters.deployable import deployable
from converters.passes import KEEPING_LAYER_NORM
from reference.manifest import read_manifest
from validation.mil import Precision, Program
from validation.runtimes.pytorch import PyTorchRuntime

from ..rounding import assert_as_exact


@pytest.fixture(scope="module", params=["float16", "float32"])
def artifact(request, mlpackage):
    return mlpackage(request.param)


def operations(artifact):
    (block,) = load_spec(str(artifact.path)).mlProgram.functions["main"].block_specializations.values()
    return block.operations


def scalar(operations, name: str) -> float:
    """The value of a scalar constant."""
    (operation,) = (op for op in operations if op.type == "const" and op.outputs[0].name == name)
    value = operation.attributes["val"].immediateValue.tensor
    return value.floats.values[0] if value.HasField("floats") else np.frombuffer(value.bytes.values, np.float16)[0]


def test_input_is_a_bgr_image_of_the_crop_size(artifact):
    (feature,) = load_spec(str(artifact.path)).description.input
    manifest = read_manifest(artifact.path)
    image = feature.type.imageType
    assert feature.name == manifest.input.name
    assert image.colorSpace == FeatureTypes_pb2.ImageFeatureType.ColorSpace.BGR
    assert [image.height, image.width] == manifest.input.shape[2:]
    assert [image.height, image.width] == [manifest.preprocessing.crop_height, manifest.preprocessing.crop_width]
    assert manifest.input.network_color_order == "BGR"


def test_the_first_operation_scales_by_1_255(artifact):
    program = operations(artifact)
    first = next(op for op in program if op.type != "const")
    assert first.type == "mul"
    assert first.inputs["x"].arguments[0].name == "image"
    assert scalar(program, first.inputs["y"].arguments[0].name) == pytest.approx(1 / 255, rel=1e-6)


def test_outputs_are_a_label_and_its_probabilities(artifact, demo):
    spec = load_spec(str(artifact.path))
    manifest = read_manifest(artifact.path)
    label, probabilities = spec.description.output
    assert [label.name, probabilities.name] == [output.name for output in manifest.outputs]
    assert label.type.WhichOneof("Type") == "stringType"
    assert probabilities.type.WhichOneof("Type") == "dictionaryType"
    assert spec.description.predictedFeatureName == label.name
    program = operations(artifact)
    (classify,) = (op for op in program if op.type == "classify")
    names = classify.inputs["classes"].arguments[0].value.immediateValue.list.values
    assert [name.immediateValue.tensor.strings.values[0] for name in names] == demo.model.config.labels
    assert manifest.labels == demo.model.config.labels


def test_weights_are_the_deployable_models(artifact, demo):
    """Every convolution and linear weight, by value; every BatchNorm folded."""
    types = [op.type for op in operations(artifact)]
    assert "batch_norm" not in types
    assert types.count("layer_norm") == sum(type(m).__name__ == "LayerNorm" for m in demo.model.modules())
    stored = ct.optimize.coreml.get_weights_metadata(ct.models.MLModel(str(artifact.path), skip_model_load=True), 1)
    network = deployable(demo, passes=KEEPING_LAYER_NORM, bake_input=False)
    to_channels_first(network.network, FORM)
    compared = 0
    for name, tensor in network.network.state_dict().items():
        if tensor.ndim > 1:
            short = name.removeprefix("mobilevit.").replace("encoder.", "").replace("convolution.", "")
            value = stored[short.replace(".", "_")].val
            rounding = 2**-11 if artifact.manifest.artifact.precision == "float16" else 0
            assert np.abs(value - tensor.numpy()).max() <= rounding * tensor.abs().max(), name
            compared += 1
    assert compared == types.count("conv") + types.count("linear")


def test_the_program_is_lean(artifact):
    """Against 48 transposes, 54 reshapes and 310 operations of Hugging Face's model through coremltools."""
    types = [op.type for op in operations(artifact) if op.type != "const"]
    assert types.count("transpose") == 0
    assert types.count("reshape") <= 24
    assert len(types) <= 225
    assert max(output.type.tensorType.rank for op in operations(artifact) for output in op.outputs) <= 4
    sizes = [size for op in operations(artifact) for output in op.outputs for size in output.type.tensorType.dimensions]
    assert all(size.WhichOneof("dimension") == "constant" for size in sizes)


def test_the_saved_program_equals_pytorch_on_real_images(artifact, demo, demo_logits, photographs):
    """By the project's own executor: it shows that the file describes the same function, not how a device rounds.

    In float16 PyTorch itself rounds each layer's result, as the program rounds each operation's.
    """
    program = Program(artifact.path)
    *_, softmax = (operation for operation in program.function.walk() if operation.type == "softmax")
    name, precision = softmax.inputs["x"].arguments[0].name, artifact.manifest.artifact.precision
    crops = [demo.processor.resize_and_crop(image) for image in photographs]
    logits = np.concatenate([program.values({"image": pixels}, [name])[name] for pixels in crops])
    assert_as_exact(logits, demo_logits("float64"), demo_logits(precision), multiple=4)


def test_classify_answers_as_an_app_sees_it(artifact, demo, demo_logits, photographs):
    program = Program(artifact.path)
    reference = PyTorchRuntime(demo)
    precisions = "float64", artifact.manifest.artifact.precision
    exact, rounded = (torch.tensor(demo_logits(each)).double().softmax(-1) for each in precisions)
    found = []
    for image in photographs:  # what float16 costs a probability differs a hundredfold between them
        pixels = demo.processor.resize_and_crop(image)
        answer, expected = program.predict({"image": Image.fromarray(pixels)}), reference.run(pixels)
        assert answer["classLabel"] == demo.model.config.labels[expected.argmax()]
        assert list(answer["classLabel_probs"]) == demo.model.config.labels
        found.append(list(answer["classLabel_probs"].values()))
    assert_as_exact(found, exact, rounded, multiple=2)


def test_the_roundings_of_float16_stay_small_in_every_order(mlpackage, demo, photographs):
    """Even with every product and partial sum rounded, which is worse than any device would be."""
    path, pixels = mlpackage("float16").path, demo.processor.resize_and_crop(photographs[0])
    answers = {}
    for precision in Precision:
        probabilities = Program(path, precision).predict({"image": pixels})["classLabel_probs"]
        answers[precision] = np.array(list(probabilities.values()))
    assert np.abs(answers[Precision.DECLARED] - answers[Precision.FLOAT32]).max() <= 5e-3
    assert np.abs(answers[Precision.FLOAT16_ACCUMULATE] - answers[Precision.FLOAT32]).max() <= 2e-2


def test_metadata(artifact, demo):
    metadata = load_spec(str(artifact.path)).description.metadata
    assert metadata.author
    assert metadata.license == "Apache-2.0"
    assert metadata.versionString == demo.sha256[:12]
    assert metadata.userDefined["checkpoint"] == "demo"
    assert metadata.userDefined["checkpoint_sha256"] == demo.sha256
    assert metadata.userDefined["com.apple.coreml.model.preview.type"] == "imageClassifier"
