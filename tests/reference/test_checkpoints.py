"""Every source of weights, and every way one can be wrong."""

from __future__ import annotations

import json
import pickle
import re

import pytest
import torch
import transformers
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import save_file

from reference.checkpoints import Checkpoint, load_checkpoint
from reference.config import SIZES, MobileViTConfig
from reference.errors import UserError

from ..rounding import assert_as_model


@pytest.fixture
def folder(tmp_path):
    """A checkpoint folder written by transformers, as people have them: well-scaled weights, five labels."""
    model = load_checkpoint("random", "xxs").model
    config = transformers.MobileViTConfig(**SIZES["xxs"], id2label=dict(enumerate("abcde")))
    twin = transformers.MobileViTForImageClassification(config)
    body = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("classifier")}
    twin.load_state_dict(body, strict=False)
    twin.save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


def rewrite(folder, change):
    """Apply `change` to the folder's state dict."""
    weights = transformers.MobileViTForImageClassification.from_pretrained(folder).state_dict()
    change(weights)
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize("as_file", [False, True])
def test_folder_written_by_transformers(folder, as_file):
    checkpoint = load_checkpoint(str(folder / "model.safetensors" if as_file else folder))
    assert (checkpoint.id, checkpoint.slug, checkpoint.size) == ("mine", "mine", "xxs")
    assert checkpoint.model.config.labels == list("abcde")
    pixels = torch.rand((1, 3, 96, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        twin = transformers.MobileViTForImageClassification.from_pretrained(folder)
        assert_as_model(checkpoint.model(pixels).logits, twin, pixels)


@pytest.mark.parametrize(
    ("id", "slug"),
    [("demo", "demo"), ("apple/mobilevit-small", "apple-mobilevit-small"), ("v1.2-b", "v1.2-b"), ("-a/", "a")],
)
def test_ids_of_plain_characters_are_readable_in_names(id, slug):
    assert Checkpoint(id, "features", "", None, None).slug == slug


@given(st.text(min_size=1), st.text(min_size=1))
@example("模型", "型模")
@example("my_model", "my model")
@example("my_model", "my-model")
def test_ids_that_other_characters_tell_apart_have_names_that_differ(one, other):
    slugs = [Checkpoint(id, "features", "", None, None).slug for id in (one, other)]
    plain = [bool(re.fullmatch(r"[A-Za-z0-9./-]+", id)) for id in (one, other)]
    assert one == other or all(plain) or slugs[0] != slugs[1]
    assert all(re.fullmatch(r"[A-Za-z0-9.-]+", slug) for slug in slugs)


def test_pickled_weights_load_without_running_code(folder):
    weights = load_checkpoint(str(folder)).model.state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    again = load_checkpoint(str(folder)).model.state_dict()
    assert all(torch.equal(weights[name], again[name]) for name in weights)

    class Evil:
        def __reduce__(self):
            return (open, (str(folder / "ran"), "w"))

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"x": Evil()}))
    with pytest.raises(UserError, match="pytorch_model.bin"):
        load_checkpoint(str(folder))
    assert not (folder / "ran").exists()


def test_wrong_shape_names_the_first_tensor(folder):
    rewrite(folder, lambda w: w.update({"mobilevit.conv_stem.convolution.weight": torch.zeros(8, 3, 3, 3)}))
    with pytest.raises(UserError, match=r"mobilevit.conv_stem.convolution.weight has shape \[8, 3, 3, 3\]"):
        load_checkpoint(str(folder))


def test_missing_tensor_is_named(folder):
    rewrite(folder, lambda w: w.pop("mobilevit.conv_1x1_exp.convolution.weight"))
    with pytest.raises(UserError, match="lacks tensor mobilevit.conv_1x1_exp.convolution.weight"):
        load_checkpoint(str(folder))


def test_left_over_tensor_is_named(folder):
    rewrite(folder, lambda w: w.update({"segmentation_head.classifier.weight": torch.zeros(1)}))
    with pytest.raises(UserError, match="has tensor segmentation_head.classifier.weight"):
        load_checkpoint(str(folder))


@pytest.mark.parametrize("dtype", [torch.int32, torch.bool, torch.complex64])
def test_tensors_that_are_no_real_numbers(folder, dtype):
    name = "mobilevit.conv_stem.convolution.weight"
    weights = load_checkpoint(str(folder)).model.state_dict()
    (folder / "model.safetensors").unlink()
    torch.save({**weights, name: weights[name].to(dtype)}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=f"{name} is not made of finite floating-point numbers"):
        load_checkpoint(str(folder))
    torch.save({**weights, name: weights[name] * float("nan")}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=f"{name} is not made of finite"):
        load_checkpoint(str(folder))


def test_links_into_a_cache(folder, tmp_path):
    """The Hugging Face cache: a snapshot folder of links to files named by their hash."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot").mkdir()
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(tmp_path / "blobs" / str(number))
        (tmp_path / "snapshot" / path.name).symlink_to(tmp_path / "blobs" / str(number))
    assert load_checkpoint(str(tmp_path / "snapshot")).id == "snapshot"
    assert load_checkpoint(str(tmp_path / "snapshot" / "model.safetensors")).id == "snapshot"


def test_truncated_weights(folder):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="model.safetensors is truncated"):
        load_checkpoint(str(folder))


def test_size_must_agree(folder):
    assert load_checkpoint(str(folder), "xxs").size == "xxs"
    with pytest.raises(UserError, match="is of size xxs, not s"):
        load_checkpoint(str(folder), "s")


def test_missing_and_foreign_configurations(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "vit"}))
    with pytest.raises(UserError, match="'vit' model"):
        load_checkpoint(str(folder))
    (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        load_checkpoint(str(folder))
    (folder / "config.json").unlink()
    assert load_checkpoint(str(folder)).model.config.labels == [f"LABEL_{index}" for index in range(5)]


def test_sources_that_do_not_exist(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_checkpoint("no-such-thing")
    with pytest.raises(UserError, match="size 'm' is unknown"):
        load_checkpoint("demo", "m")
    with pytest.raises(UserError, match="task 'detection' is unknown"):
        load_checkpoint("demo", task="detection")
    with pytest.raises(UserError, match="no demo checkpoint of size s is bundled for segmentation .only xxs.: choose"):
        load_checkpoint("demo", "s", "segmentation")
    with pytest.raises(UserError, match="holds no model.safetensors or pytorch_model.bin"):
        load_checkpoint(str(tmp_path))


def test_tasks_of_one_folder(folder):
    """The features of a classifier are its backbone's; nothing else may pass for another task."""
    checkpoint = load_checkpoint(str(folder), task="features")
    pixels = torch.rand((1, 3, 96, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        twin = transformers.MobileViTForImageClassification.from_pretrained(folder)
        assert_as_model(checkpoint.model(pixels).pooler_output, twin.mobilevit, pixels, field="pooler_output")
    with pytest.raises(UserError, match="mine is a classifier: choose --task classification or features"):
        load_checkpoint(str(folder), task="segmentation")


def test_segmentation_folder_written_by_transformers(tmp_path):
    model = load_checkpoint("random", "xs", "segmentation").model
    config = transformers.MobileViTConfig(**SIZES["xs"], num_labels=21, output_stride=16)
    twin = transformers.MobileViTForSemanticSegmentation(config).eval()
    twin.load_state_dict(model.state_dict())
    twin.save_pretrained(tmp_path / "mine")
    checkpoint = load_checkpoint(str(tmp_path / "mine"), "xs", "segmentation")
    assert (checkpoint.processor.size, checkpoint.processor.crop_size["height"]) == ({"shortest_edge": 544}, 512)
    pixels = torch.rand((1, 3, 128, 128), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert_as_model(checkpoint.model(pixels).logits, twin, pixels)
    for task in ("classification", "features"):
        with pytest.raises(UserError, match="mine segments images: choose --task segmentation"):
            load_checkpoint(str(tmp_path / "mine"), task=task)


def test_random_is_reproducible_and_every_parameter_matters():
    first, second = load_checkpoint("random", "xxs"), load_checkpoint("random", "xxs")
    assert first.sha256 == second.sha256
    for name, parameter in first.model.named_parameters():
        assert parameter.std() > 1e-3, f"{name} is constant: a mistake in it would go unseen"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"output_stride": 12}, "output_stride"),
        ({"hidden_sizes": [64, 80]}, "hidden_sizes needs 3"),
        ({"hidden_sizes": [64.0, 80, 96]}, "hidden_sizes must be a whole number"),
        ({"hidden_sizes": [64, 80, 97]}, "multiple of num_attention_heads"),
        ({"num_attention_heads": 0}, "num_attention_heads must be"),
        ({"num_channels": "3"}, "num_channels must be"),
        ({"patch_size": True}, "patch_size must be"),
        ({"expand_ratio": None}, "expand_ratio must be a number"),
        ({"hidden_dropout_prob": 2}, "hidden_dropout_prob must be"),
        ({"layer_norm_eps": "1e-5"}, "layer_norm_eps must be"),
        ({"id2label": {"0": "a", "2": "b"}}, "id2label"),
        ({"id2label": {"0": 3}}, "id2label must name"),
        ({"id2label": ["a"]}, "not a MobileViT configuration"),
        ({"hidden_act": "quick"}, "hidden_act"),
        ({"hidden_act": None}, "hidden_act"),
    ],
)
def test_contradicting_configuration(folder, fields, message):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **fields}))
    with pytest.raises(UserError, match=message):
        load_checkpoint(str(folder))


def test_config_round_trip_keeps_unknown_keys(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text()) | {"note": {"kept": True}}
    (folder / "config.json").write_text(json.dumps(config))
    MobileViTConfig.from_json_file(folder / "config.json").save_pretrained(tmp_path)
    again = json.loads((tmp_path / "config.json").read_text())
    assert {key: again[key] for key in config if config[key] is not None} == {
        key: value for key, value in config.items() if value is not None
    }
