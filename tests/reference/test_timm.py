"""timm's MobileViTs: the same logits, the same pixels, and what their configuration says."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config, resolve_model_data_config
from timm.models import save_for_hf

from converters.preprocessing import app_preprocessing, input_transform
from reference.checkpoints import load_checkpoint
from reference.config import MobileViTConfig
from reference.errors import UserError
from reference.heads import MobileViTForImageClassification
from reference.initialise import randomise
from reference.mobilevit import MobileViTModel

from ..hub import ask_there, served
from ..rounding import assert_as_exact, assert_as_model, resizes_in_two_orders


def network(name, **arguments):
    """timm's network with well-scaled random weights."""
    model = timm.create_model(name, pretrained=False, **arguments)
    randomise(model, 3)
    return model.eval()


@pytest.fixture(scope="module")
def xxs():
    return network("mobilevit_xxs", num_classes=6)


@pytest.fixture
def folder(xxs, tmp_path):
    """What timm uploads to the Hub."""
    save_for_hf(xxs, tmp_path / "timm_xxs", safe_serialization=True)
    return tmp_path / "timm_xxs"


def rewrite(folder, **changes):
    """Change the folder's configuration, its data configuration included."""
    fields = json.loads((folder / "config.json").read_text())
    inner = {**fields["pretrained_cfg"], **changes.pop("pretrained_cfg", {})}
    (folder / "config.json").write_text(json.dumps({**fields, **changes, "pretrained_cfg": inner}))


@pytest.mark.parametrize("size", ["xxs", "xs", "s"])
def test_logits(size, tmp_path):
    twin = network(f"mobilevit_{size}")
    torch.save(twin.state_dict(), tmp_path / "mine.pth")
    checkpoint = load_checkpoint(str(tmp_path / "mine.pth"), size)
    for side in (96, 80):  # 80: patches do not tile the last feature map
        pixels = torch.rand((2, 3, side, side), generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            assert_as_model(checkpoint.model(pixels).logits, twin, pixels, field=None)


def test_pixels(xxs, folder, photographs):
    """timm's own evaluation transform gives the same input, up to where torchvision rounds the crop's place."""
    transform = create_transform(**resolve_model_data_config(xxs))
    bare, described = (load_checkpoint(str(path)).processor for path in (bare_file(xxs, folder), folder))
    assert bare.to_dict() == described.to_dict()
    compared = 0
    for image in photographs:
        # An odd rest is halved to the even neighbour by torchvision, downwards by Pillow's crop and every app.
        longest = int(284 * max(image.size) / min(image.size))
        if round((longest - 256) / 2) != (longest - 256) // 2:
            continue
        expected = transform(image).numpy()
        assert np.abs(bare(image).pixel_values[0] - expected).max() <= 1e-6
        compared += 1
    assert compared >= 6


def bare_file(model, folder):
    path = folder.parent / "bare.pth"
    torch.save(model.state_dict(), path)
    return path


def test_hub_folder_brings_its_facts(folder, monkeypatch, tmp_path):
    with served() as hub:
        ask_there(monkeypatch, hub.endpoint, tmp_path / "cache")
        hub.publish("timm/mobilevit_xxs.cvnets_in1k", folder)
        checkpoint = load_checkpoint("timm/mobilevit_xxs.cvnets_in1k")
        assert not any("preprocessor_config.json" in path for path in hub.asked), "timm writes none"
    assert checkpoint.slug.startswith("timm-mobilevit-xxs.cvnets-in1k-")
    assert checkpoint.size == "xxs"
    facts = app_preprocessing(checkpoint)
    assert (facts.resize_shortest_edge, facts.crop_height, facts.interpolation) == (284, 256, "bicubic")
    assert input_transform(checkpoint).color_order == "RGB"
    assert checkpoint.model.config.labels == [f"LABEL_{index}" for index in range(6)]


def test_configuration_wins_over_the_layout(folder):
    names = [f"n{index}" for index in range(6)]
    rewrite(
        folder,
        label_names=names,
        label_descriptions={"n0": "zero", "n1": "one"},
        pretrained_cfg={"input_size": [3, 192, 192], "crop_pct": 0.875, "interpolation": "bilinear"},
    )
    checkpoint = load_checkpoint(str(folder))
    facts = app_preprocessing(checkpoint)
    assert (facts.resize_shortest_edge, facts.crop_width, facts.interpolation) == (219, 192, "bilinear")
    assert checkpoint.model.config.labels == ["zero", "one", *names[2:]]
    changed = MobileViTForImageClassification.from_pretrained(folder, num_labels=2, ignore_mismatched_sizes=True)
    assert changed.config.labels == ["LABEL_0", "LABEL_1"]


@resizes_in_two_orders
@pytest.mark.parametrize(
    "changes",
    [
        {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        {"crop_mode": "squash"},
        {"crop_mode": "squash", "input_size": [3, 192, 320], "mean": [0.5, 0.4, 0.3], "crop_pct": 0.8},
        {"crop_mode": "squash", "crop_pct": 1.0, "std": [0.5, 0.5, 0.5]},
        {"mean": None, "std": None},  # what timm's documentation then says
        {"input_size": [3, 192, 320], "mean": [0.5, 0.4, 0.3], "crop_pct": 0.8},
        {"input_size": [3, 256, 192], "crop_pct": 1.0},
        {"crop_mode": "border"},
        {"crop_mode": "border", "input_size": [3, 192, 320], "crop_pct": 1.0, "std": [0.5, 0.5, 0.5]},
    ],
)
def test_pixels_of_other_transforms(xxs, folder, photographs, changes):
    """By the same transform of timm's; values of either are rounded three times on the way."""
    rewrite(folder, pretrained_cfg=changes)
    fields = json.loads((folder / "config.json").read_text())["pretrained_cfg"]
    transform = create_transform(**resolve_data_config({}, pretrained_cfg=fields))
    processor = load_checkpoint(str(folder)).processor
    compared = 0
    for image in photographs:
        size = np.array(processor.fitted(*image.size))
        rest = size - [processor.crop_size["width"], processor.crop_size["height"]]
        # See above; of padding, timm puts the odd pixel on the other side.
        if np.where(rest > 0, (rest / 2).round() != rest // 2, rest % 2).any():
            continue
        expected = transform(image).numpy()
        found = processor(image, return_tensors="np")["pixel_values"][0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=8 * 2**-24 * np.abs(expected).max())
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": [0.5]}, "image_mean must be three numbers"),
        ({"std": [0.5, 0.5, 0]}, "image_std must be above 0"),
        ({"crop_mode": "border", "mean": [0.5, 0.4, 0.3]}, r"border in the colour of its mean \[0.5, 0.4, 0.3\]"),
        ({"crop_mode": "middle"}, "crop_mode 'middle' is unknown: choose among center, border, squash"),
        ({"input_size": [1, 256, 256]}, "pictures of 1 channels"),
        ({"input_size": [256]}, "cannot be read"),
        ({"interpolation": "random"}, "cannot be read"),
        ({"crop_pct": "x"}, "cannot be read"),
    ],
)
def test_preprocessing_that_cannot_be_followed(folder, changes, message):
    rewrite(folder, pretrained_cfg=changes)
    with pytest.raises(UserError, match=message):
        load_checkpoint(str(folder))


def test_another_architecture_is_refused_by_its_configuration(folder):
    rewrite(folder, architecture="mobilevitv2_100")
    with pytest.raises(UserError, match=r"timm's 'mobilevitv2_100', not a MobileViT \(v1\)"):
        load_checkpoint(str(folder))


def test_configuration_alone_tells_no_layers(folder):
    with pytest.raises(UserError, match="is timm's"):
        MobileViTConfig.from_pretrained(folder)


def test_backbones(xxs, folder):
    """With a head, which falls away, and without one."""
    pixels = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    headless = network("mobilevit_xxs", num_classes=0)
    path = bare_file(headless, folder)
    with torch.no_grad():
        for twin, source in ((xxs, folder), (headless, path)):
            exact = copy.deepcopy(twin).double().forward_features(pixels.double())
            rounded = twin.forward_features(pixels)
            for model in (
                MobileViTModel.from_pretrained(source),
                load_checkpoint(str(source), task="features").model,
            ):
                assert_as_exact(model(pixels).last_hidden_state, exact, rounded)
    with pytest.raises(UserError, match="backbone without a head"):
        load_checkpoint(str(path))


def test_other_networks_of_timm_are_refused(tmp_path):
    for name in ("mobilevitv2_050", "resnet18", "mobilenetv3_small_050", "convnext_atto"):
        torch.save(timm.create_model(name, pretrained=False).state_dict(), tmp_path / "other.pth")
        with pytest.raises(UserError, match=r"checkpoint other holds .*choose a MobileViT \(v1\)"):
            load_checkpoint(str(tmp_path / "other.pth"))


def test_inside_transformers(xxs, folder, tmp_path):
    """transformers' TimmWrapper: timm's configuration in its own, the weights behind a prefix."""
    fields = json.loads((folder / "config.json").read_text())
    path = tmp_path / "wrapped"
    path.mkdir()
    wrapped = {**fields, "model_type": "timm_wrapper", "architectures": ["TimmWrapperForImageClassification"]}
    (path / "config.json").write_text(json.dumps(wrapped))
    save_file({f"timm_model.{name}": tensor for name, tensor in xxs.state_dict().items()}, path / "model.safetensors")
    plain, inside = load_checkpoint(str(folder)), load_checkpoint(str(path))
    assert inside.processor.to_dict() == plain.processor.to_dict()
    assert inside.model.config.labels == plain.model.config.labels
    assert all(torch.equal(a, b) for a, b in zip(plain.model.parameters(), inside.model.parameters()))


@pytest.mark.parametrize("replaced", ["head.fc", "head"])
def test_head_of_several_layers(xxs, tmp_path, replaced):
    state = xxs.state_dict()
    changed = {name.replace("head.fc", f"{replaced}.1"): tensor for name, tensor in state.items()}
    save_file(changed, tmp_path / "a.safetensors")
    loaded = load_checkpoint(str(tmp_path / "a.safetensors")).model
    assert torch.equal(loaded.classifier.weight, state["head.fc.weight"])
