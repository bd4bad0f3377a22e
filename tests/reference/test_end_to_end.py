"""From a folder and a picture to the answer: what transformers or timm read out of the folder, and its own processor.

Each kind of checkpoint once. Where the files of either say something, both must have heeded it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
import timm
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from timm.data import create_transform, resolve_data_config
from timm.models import save_for_hf
from torch import Tensor, nn
from torch.nn import functional

from reference.answers import answer, meaning_of
from reference.checkpoints import load_checkpoint
from reference.initialise import randomise

from ..rounding import assert_as_exact, in_both_precisions, resizes_in_two_orders
from .keras_twins import TINY

PICTURE = (216, 144)  # width and height, pixels: no margin is odd, which torchvision would halve to the even neighbour
MOBILEVIT = {
    "image_processor_type": "MobileViTImageProcessor",
    "size": {"shortest_edge": 72},
    "crop_size": {"height": 64, "width": 64},
    "resample": 2,
}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
SCORES = {"problem_type": "multi_label_classification"}
# What its configuration says, beside three labels, and its image processor's; by what the answer then means, and more.
CLASSIFIERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "probabilities": ({"dtype": "bfloat16"}, {}),
    "scores of three": (SCORES, {"do_flip_channel_order": False, "crop_size": {"height": 64, "width": 96}}),
    "scores of one": (SCORES | {"num_labels": 1}, {"do_rescale": False}),
    "values": ({"num_labels": 1}, {"size": {"height": 64, "width": 96}, "do_center_crop": False, "resample": 3}),
    "probabilities, ViT's": ({}, IMAGENET | {"image_processor_type": "ViTImageProcessor", "size": [96, 96]}),
    "probabilities, ConvNext's": (
        {},
        {"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.8, "crop_size": None},
    ),
    "probabilities, MobileNet's": ({}, {"image_processor_type": "MobileNetV2ImageProcessor", "do_normalize": False}),
}
TIMMS: dict[str, dict[str, Any]] = {
    "as published": {},
    "mean and deviation": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "squash": {"crop_mode": "squash", "crop_pct": 1.0},
    "oblong": {"input_size": (3, 64, 96), "crop_pct": 1.0},
    "grey": {"input_size": (1, 72, 72), "mean": (0.45,), "std": (0.225,)},
    "inside transformers": {"crop_pct": 0.8},
}


@pytest.fixture(scope="module")
def picture():
    noise = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(PICTURE, Image.Resampling.BICUBIC)


def assert_answers(meaning: str, folder, picture, model: nn.Module, theirs: Tensor):
    """The checkpoint answers to the picture as `model` does to `theirs`, which their processor made of it."""
    checkpoint = load_checkpoint(str(folder), task="segmentation" if meaning == "class_map" else "classification")
    values = checkpoint.processor(picture, return_tensors="pt")["pixel_values"]
    assert values.shape == theirs.shape
    both = in_both_precisions(model.eval(), theirs)
    exact, rounded = (each if isinstance(each, Tensor) else each.logits for each in both)
    with torch.no_grad():
        assert_as_exact(checkpoint.model(values).logits, exact, rounded)
    assert meaning_of(checkpoint) == meaning
    found = answer(checkpoint, values, meaning)
    if meaning == "class_map":
        # Where two classes are as good, or the only one is at its threshold, rounding decides.
        assert (found == masks(exact, theirs.shape[-2:])[0].numpy()).mean() > 0.999
        assert found.std() > 0
    else:
        to_answer = {"probabilities": lambda each: torch.softmax(each, -1), "scores": torch.sigmoid}.get(meaning)
        expected = (each if to_answer is None else to_answer(each) for each in (exact[0], rounded[0]))
        assert_as_exact(found, *expected)


def masks(logits: Tensor, size) -> Tensor:
    resized = functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    return resized.argmax(dim=1) if resized.shape[1] > 1 else (torch.sigmoid(resized) > 0.5).long()[:, 0]


def saved(kind, fields, processor, folder):
    """Their model, of random weights, from the folder that it was saved to; and the processor's values of a picture."""
    config = transformers.MobileViTConfig(**TINY | {"num_labels": 3} | fields)
    model = kind(config)
    randomise(model, 3)
    model.to(getattr(torch, fields.get("dtype", "float32"))).save_pretrained(folder)
    said = {key: value for key, value in (MOBILEVIT | processor).items() if value is not None}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    read = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = kind.from_pretrained(folder, dtype=torch.float32)
    return model, lambda picture: read(picture, return_tensors="pt").pixel_values.float()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_of_transformers(name, picture, tmp_path):
    model, prepare = saved(transformers.MobileViTForImageClassification, *CLASSIFIERS[name], tmp_path)
    assert_answers(re.match("[a-z]+", name).group(), tmp_path, picture, model, prepare(picture))


@pytest.mark.parametrize("labels", [1, 3])
def test_segmenters_of_transformers(labels, picture, tmp_path):
    kind = transformers.MobileViTForSemanticSegmentation
    model, prepare = saved(kind, {"num_labels": labels, "output_stride": 16}, {}, tmp_path)
    assert_answers("class_map", tmp_path, picture, model, prepare(picture))


@cache
def network_of_timm(channels):
    model = timm.create_model("mobilevit_xxs", num_classes=3, in_chans=channels)
    randomise(model, 3)
    return model


@resizes_in_two_orders
@pytest.mark.parametrize("name", TIMMS)
def test_timms(name, picture, tmp_path):
    own = {"input_size": (3, 64, 64), "crop_pct": 64 / 72} | TIMMS[name]
    channels = own["input_size"][0]
    model = network_of_timm(channels)
    save_for_hf(model, tmp_path, safe_serialization=True)
    fields = json.loads((tmp_path / "config.json").read_text())
    fields["pretrained_cfg"] |= own
    (tmp_path / "config.json").write_text(json.dumps(fields))
    if name == "inside transformers":
        config = transformers.TimmWrapperConfig(architecture="mobilevit_xxs", pretrained_cfg=fields["pretrained_cfg"])
        config.num_labels = 3
        model = transformers.TimmWrapperForImageClassification(config)
        model.timm_model.load_state_dict(load_file(tmp_path / "model.safetensors"))
        model.save_pretrained(tmp_path)
    transform = create_transform(**resolve_data_config({}, pretrained_cfg=fields["pretrained_cfg"]))
    theirs = transform(picture if channels == 3 else picture.convert("L"))[None]
    assert_answers("probabilities", tmp_path, picture, model, theirs)
