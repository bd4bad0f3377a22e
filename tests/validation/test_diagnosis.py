"""Of artifacts made wrong in known ways the diagnosis names the way; of others it names none.

A sound .onnx file runs in ONNX Runtime; what goes in, what comes out or the file itself is spoilt by NumPy and Pillow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image, ImageFilter, ImageOps

import validation.checks.diagnosis
from reference.tolerances import tolerance
from validation.artifact import References, app_processor, open_artifacts
from validation.checks.diagnosis import diagnose, imitations
from validation.checks.metrics import sqnr_db
from validation.runtimes.onnx import ONNXRuntime
from validation.runtimes.pytorch import PyTorchRuntime

from ..heads import HEAD_SIDE
from . import mistaken

IMAGES, SIDE = 4, HEAD_SIDE


@dataclasses.dataclass(frozen=True)
class Wrong:
    """How an artifact or app is wrong. picture: what it makes of the photograph; pixels: of the crop, float32
    [H, W, 3], 0..255; answers: of the right ones [images, classes]; model: of the file; processor: options
    of the app's; offset: of its crop, pixels to the right and down."""

    picture: Callable[[Image.Image], Image.Image] | None = None
    pixels: Callable[[np.ndarray], np.ndarray] | None = None
    answers: Callable[[np.ndarray], np.ndarray] | None = None
    model: Callable[[Any], None] | None = None
    processor: dict[str, Any] | None = None
    offset: tuple[int, int] | None = None


@pytest.fixture(scope="module")
def sound(head, tmp_path_factory):
    """The reference, and an artifact of the same that takes floats, so that any pixels can go in."""
    saved, written = head("probabilities")
    file = mistaken.copy_of(written.path, tmp_path_factory.mktemp("sound"))
    model = onnx.load(file)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    del model.graph.value_info[:]
    onnx.save(model, file)
    mistaken.describe_anew(file, input__dtype="float32")
    return References(saved), open_artifacts([file])[0]


@pytest.fixture(scope="module")
def imitated(expected):
    return mistaken.remembering(imitations(expected[0], "probabilities"))


@pytest.fixture(scope="module")
def expected(sound, photographs):
    references, artifact = sound
    reference = PyTorchRuntime(references.of(artifact))
    return reference, reference.answers(
        [reference.checkpoint.processor.resize_and_crop(each) for each in photographs[:IMAGES]]
    )


@pytest.fixture
def diagnosis(sound, imitated, expected, photographs, tmp_path, monkeypatch):
    _, artifact = sound
    reference, right = expected
    monkeypatch.setattr(validation.checks.diagnosis, "imitations", lambda reference, meaning: imitated)

    def of(wrong: Wrong, *, sound: bool = False) -> list[str]:
        file = artifact.path
        if wrong.model:
            model = onnx.load(file)
            wrong.model(model)
            file = tmp_path / "wrong.onnx"
            onnx.save(model, file)
        processor = app_processor(artifact.manifest)
        for name, value in (wrong.processor or {}).items():
            setattr(processor, name, value)
        app = App(processor, wrong.picture or same, wrong.offset)
        crops = [(wrong.pixels or same)(app.resize_and_crop(each)) for each in photographs[:IMAGES]]
        answers = (wrong.answers or same)(ONNXRuntime(file, artifact.manifest).answers(crops))
        facts = artifact.manifest.artifact
        bounds = tolerance(facts, "probabilities", right).bounds
        assert (sqnr_db(right, answers) >= bounds["sqnr_db"]) == sound
        return diagnose(answers, right, "probabilities", facts, reference, photographs[:IMAGES])

    return of


def same(value: Any) -> Any:
    return value


@dataclasses.dataclass(frozen=True)
class App:
    processor: Any
    picture: Callable[[Image.Image], Image.Image]
    offset: tuple[int, int] | None

    def resize_and_crop(self, picture: Image.Image) -> np.ndarray:
        if self.offset is None:
            return self.processor.resize_and_crop(self.picture(picture))
        whole = picture.resize(self.processor.fitted(*picture.size), Image.Resampling.BILINEAR)
        left, top = ((side - SIDE) // 2 + step for side, step in zip(whole.size, self.offset))
        return np.asarray(whole.crop((left, top, left + SIDE, top + SIDE)))


def curve(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """On values in 0..1."""
    return lambda pixels: (change(pixels / 255.0) * 255).astype(np.float32)


def in_bytes(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: np.rint(curve(change)(pixels))


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values)
    return powers / powers.sum(axis=-1, keepdims=True)


def same_padding(model: Any) -> None:
    changed = 0
    for node in model.graph.node:
        attributes = {each.name: each for each in node.attribute}
        if node.op_type == "Conv" and list(attributes["strides"].ints) == [2, 2]:
            attributes["pads"].ints[:] = [0, 0, 1, 1]
            changed += 1
    assert changed == 5


def hard_swish(model: Any) -> None:
    for node in model.graph.node:
        if node.op_type == "Sigmoid":
            node.op_type = "HardSigmoid"
            node.attribute.extend([onnx.helper.make_attribute("alpha", 1 / 6), onnx.helper.make_attribute("beta", 0.5)])


def epsilon(value: float) -> Callable[[Any], None]:
    def edit(model: Any) -> None:
        norms = [node for node in model.graph.node if node.op_type == "LayerNormalization"]
        assert norms
        for node in norms:
            next(each for each in node.attribute if each.name == "epsilon").f = value

    return edit


def times(factor: float, kind: str, number: int) -> Callable[[Any], None]:
    """The weights of a numbered operation, changed."""

    def edit(model: Any) -> None:
        name = [node for node in model.graph.node if node.op_type == kind][number].input[1]
        tensor = next(each for each in model.graph.initializer if each.name == name)
        values = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array((values * factor).astype(np.float32), name))

    return edit


def drop_softmax(model: Any) -> None:
    (node,) = (node for node in model.graph.node if node.op_type == "Softmax")
    node.op_type = "Identity"
    del node.attribute[:]


def letterbox(picture: Image.Image) -> Image.Image:
    return ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.BILINEAR)


def signed(pixels: np.ndarray) -> np.ndarray:
    return np.where(pixels > 127, pixels.astype(np.float32) - 256, pixels)


IMAGENET = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

NAMED = {
    "mirrored": (Wrong(pixels=lambda pixels: pixels[:, ::-1]), "the picture is mirrored"),
    "mirrored before": (Wrong(picture=ImageOps.mirror), "the picture is mirrored"),
    "upside down": (Wrong(pixels=lambda pixels: pixels[::-1, ::-1]), "turned by 180 degrees"),
    "flipped": (Wrong(pixels=lambda pixels: pixels[::-1]), "mirrored and upside down"),
    "left": (Wrong(picture=lambda picture: picture.rotate(90, expand=True)), "by 90 degrees to the left"),
    "right": (Wrong(pixels=lambda pixels: np.rot90(pixels, -1)), "by 90 degrees to the right"),
    "transposed": (Wrong(pixels=lambda pixels: pixels.transpose(1, 0, 2)), "height and width are exchanged"),
    "swapped": (Wrong(pixels=lambda pixels: pixels[..., ::-1]), "the channels are swapped"),
    "unscaled": (Wrong(pixels=lambda pixels: pixels * np.float32(255)), "the scale 1/255 is missing"),
    "scaled twice": (Wrong(pixels=lambda pixels: pixels / np.float32(255)), "the scale 1/255 is applied twice"),
    "normalised": (Wrong(pixels=curve(lambda rgb: (rgb - IMAGENET[0]) / IMAGENET[1])), "ImageNet's mean"),
    "-1..1": (Wrong(pixels=lambda pixels: pixels * np.float32(2) - 255), "the network sees -1..1"),
    "centred": (Wrong(pixels=curve(lambda rgb: rgb - 0.5)), "the network sees -0.5..0.5"),
    "gamma": (Wrong(pixels=curve(lambda rgb: rgb**2.2)), "pixels are made linear"),
    "gamma in bytes": (Wrong(pixels=in_bytes(lambda rgb: rgb ** (1 / 2.2))), "gamma is applied twice"),
    "grey": (Wrong(pixels=grey), "the picture is grey"),
    "grey by its mean": (Wrong(pixels=lambda rgb: rgb.mean(axis=2, keepdims=True).repeat(3, 2)), "the picture is grey"),
    "video": (Wrong(pixels=in_bytes(lambda rgb: (16 + 219 * rgb) / 255)), "16..235 is not stretched"),
    "no video": (Wrong(pixels=in_bytes(lambda rgb: (255 * rgb - 16).clip(0, 219) / 219)), "taken for video's range"),
    "signed": (Wrong(pixels=signed), "bytes are read as signed ones"),
    "less 128": (Wrong(pixels=lambda pixels: pixels.astype(np.float32) - 128), "128 is taken off"),
    "black": (Wrong(pixels=lambda pixels: pixels * 0), "the network sees black"),
    "planar": (Wrong(pixels=lambda pixels: pixels.transpose(2, 0, 1).reshape(pixels.shape)), "NCHW and read as NHWC"),
    "squashed": (Wrong(processor={"size": {"height": 96, "width": 96}}), "squashed to the input size"),
    "letterbox": (Wrong(picture=letterbox, processor={"do_resize": False}), "with bars around it"),
    "no margin": (Wrong(processor={"size": {"shortest_edge": 96}}), "without the margin"),
    "bicubic": (Wrong(processor={"resample": Image.Resampling.BICUBIC}), "with the bicubic filter"),
    "nearest": (Wrong(processor={"resample": Image.Resampling.NEAREST}), "with the nearest filter"),
    "beside": (Wrong(offset=(1, 0)), "a pixel beside its place"),
    "softmax twice": (Wrong(answers=softmax), "softmax is applied twice"),
    "no softmax": (Wrong(model=lambda model: drop_softmax(model)), "a softmax is missing"),
    "first class missing": (Wrong(answers=lambda answers: np.roll(answers, -1, axis=1)), "the first class is missing"),
    "background": (Wrong(answers=lambda answers: np.roll(answers, 1, axis=1)), "a class stands before the first"),
    "reversed": (Wrong(answers=lambda answers: answers[:, ::-1]), "in reverse order"),
    "of others": (Wrong(answers=lambda answers: answers[[1, 0, 3, 2]]), "image 1 that of image 2"),
    "of the first": (Wrong(answers=lambda answers: answers[[0] * IMAGES]), "image 4 that of image 1"),
    "padding": (Wrong(model=same_padding), "as TensorFlow's SAME does"),
    "hard swish": (Wrong(model=hard_swish), "a hard swish instead of SiLU"),
    "epsilon": (Wrong(model=epsilon(1e-3)), "LayerNorm's epsilon is 0.001"),
}  # fmt: skip

OTHERS = {
    "blurred": Wrong(picture=lambda picture: picture.filter(ImageFilter.GaussianBlur(3))),
    "three pixels": Wrong(offset=(3, 0)),
    "rolled": Wrong(pixels=lambda pixels: np.roll(pixels, 1, axis=1)),
    "gamma 1.8": Wrong(pixels=curve(lambda rgb: rgb**1.8)),
    "other mean": Wrong(pixels=curve(lambda rgb: (rgb - 0.4) / 0.3)),
    "-1..0": Wrong(pixels=curve(lambda rgb: rgb - 1)),
    "0..2": Wrong(pixels=curve(lambda rgb: rgb * 2)),
    "brighter": Wrong(pixels=lambda pixels: np.minimum(pixels.astype(np.float32) + 20, 255)),
    "16 levels": Wrong(pixels=lambda pixels: pixels // 16 * np.float32(16)),
    "no green": Wrong(pixels=lambda pixels: pixels * np.array([1, 0, 1])),
    "channels in turn": Wrong(pixels=lambda pixels: pixels[..., [1, 2, 0]]),
    "mirrored and swapped": Wrong(pixels=lambda pixels: pixels[:, ::-1, ::-1]),
    "negative": Wrong(pixels=lambda pixels: 255 - pixels),
    "noisy": Wrong(pixels=lambda pixels: pixels + np.random.default_rng(0).normal(0, 10, pixels.shape)),
    "half the picture": Wrong(pixels=lambda pixels: pixels * (np.arange(SIDE) < SIDE // 2)[:, None, None]),
    "a layer 2 % off": Wrong(model=times(1.02, "Conv", 9)),
    "a layer zeroed": Wrong(model=times(0, "Gemm", 8)),
    "other weights": Wrong(model=times(1.2, "Conv", 0)),
    "epsilon 0.01": Wrong(model=epsilon(1e-2)),
    "temperature": Wrong(answers=lambda answers: softmax(2 * np.log(answers))),
    "a class silent": Wrong(answers=lambda answers: answers * (np.arange(30) != answers[0].argmax())),
    "uniform": Wrong(answers=lambda answers: np.full_like(answers, 1 / 30)),
    "two places": Wrong(answers=lambda answers: np.roll(answers, 2, axis=1)),
}


@pytest.mark.parametrize("kind", NAMED)
def test_named(diagnosis, kind):
    wrong, words = NAMED[kind]
    assert words in "; ".join(diagnosis(wrong)), words


def test_nothing_explains_a_sound_artifact(diagnosis):
    """What rounding hides is no mistake, and those that this checkpoint cannot show are none."""
    assert diagnosis(Wrong(), sound=True) == []


@pytest.mark.parametrize("kind", OTHERS)
def test_no_false_cause(diagnosis, kind):
    assert diagnosis(OTHERS[kind]) == []
