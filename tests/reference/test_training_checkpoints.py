"""What training scripts save around a network's weights, and what lies there in the weights' place."""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest
import timm
import torch
import transformers
from torch import nn
from torch.optim.swa_utils import AveragedModel

from reference import scenes
from reference.checkpoints import BUNDLED, load_checkpoint
from reference.errors import UserError
from reference.initialise import randomise

from ..rounding import assert_as_exact, assert_as_model, in_both_precisions


@pytest.fixture(scope="module")
def network():
    return transformers.MobileViTForImageClassification.from_pretrained(BUNDLED / "classification" / "xxs").eval()


@pytest.fixture(scope="module")
def weights(network):
    return network.state_dict()


def behind(prefix, weights):
    return {prefix + name: tensor for name, tensor in weights.items()}


def halved(weights):
    """Another network."""
    return {name: tensor / 2 if tensor.is_floating_point() else tensor for name, tensor in weights.items()}


def averaged(network):
    return AveragedModel(network).state_dict()


def assert_holds(content, weights, path):
    """The checkpoint in a file of `content` is the network that `weights` is the state dict of."""
    torch.save(content, path)
    loaded = load_checkpoint(str(path)).model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "model.", "net.", "backbone.", "_forward_module.", "module._orig_mod.model.net.module."],
)
def test_wrappers_in_any_order_and_depth(weights, tmp_path, prefix):
    assert_holds(behind(prefix, weights), weights, tmp_path / "a.pt")


def test_wrappers_inside_of_names(weights, tmp_path):
    inside = {name.replace("mobilevit.", "mobilevit._orig_mod.module."): tensor for name, tensor in weights.items()}
    assert_holds(inside, weights, tmp_path / "a.pt")


@pytest.mark.parametrize("keys", [("weights",), ("net",), ("module",), ("checkpoint", "my_network")])
def test_any_key(weights, tmp_path, keys):
    content = weights
    for key in reversed(keys):
        content = {key: content, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}}
    assert_holds(content, weights, tmp_path / "a.pt")


@pytest.mark.parametrize(
    "around",
    [
        lambda network, other: averaged(network),
        lambda network, other: {"model": other, "model_ema": averaged(network)},  # torchvision's references
        lambda network, other: {"state_dict": other, "state_dict_ema": network.state_dict()},  # timm
        lambda network, other: {"model_state_dict": other, "ema_state_dict": network.state_dict()},  # ml-cvnets
        lambda network, other: {"ema": behind("module.", network.state_dict()), "model": other},
        lambda network, other: {"state_dict": behind("model.", other) | behind("ema_model.", network.state_dict())},
        # Lightning's WeightAveraging
        lambda network, other: {"state_dict": network.state_dict(), "current_model_state": other},
    ],
)
def test_averaged_weights_win(network, weights, tmp_path, around):
    assert_holds(around(network, halved(weights)), weights, tmp_path / "a.pt")


def test_two_networks_are_no_choice(weights, tmp_path):
    torch.save({"student": weights, "teacher": halved(weights)}, tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"a\.pt holds two networks, student and teacher: save"):
        load_checkpoint(str(tmp_path / "a.pt"))
    assert_holds({"last": weights, "best": dict(weights)}, weights, tmp_path / "a.pt")
    torch.save(weights | behind("module.", halved(weights)), tmp_path / "a.pt")
    with pytest.raises(UserError, match="twice, once behind a wrapper"):
        load_checkpoint(str(tmp_path / "a.pt"))


def test_what_only_training_needs_is_left_out_and_nothing_else(weights, tmp_path):
    beside = {"criterion.weight": torch.ones(3), "train_acc.tp": torch.ones(3), "class_weights": torch.ones(3)}
    assert_holds({"state_dict": behind("model.", weights) | beside}, weights, tmp_path / "a.pt")
    assert_holds(weights | beside | {"_extra_state": {"any": "thing"}}, weights, tmp_path / "a.pt")
    torch.save({"state_dict": behind("model.", weights) | {"temperature": torch.ones(1)}}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="has tensor temperature"):
        load_checkpoint(str(tmp_path / "a.pt"))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(network, tmp_path, dtype):
    half = {name: value.to(dtype) for name, value in network.named_parameters()}  # as Parameters
    assert_holds(network.state_dict() | half, {name: value.float() for name, value in half.items()}, tmp_path / "a.pt")


def test_containers_beside_the_weights_are_not_even_imported(weights, tmp_path, monkeypatch):
    """Lightning's and omegaconf's settings, as classes of the same names write them."""
    library = types.ModuleType("lightning.fabric.utilities.data")
    library.AttributeDict = type("AttributeDict", (dict,), {"__module__": library.__name__})
    nodes = types.ModuleType("omegaconf.dictconfig")
    nodes.DictConfig = type("DictConfig", (), {"__module__": nodes.__name__})
    config = nodes.DictConfig()
    config.__dict__["_content"] = {"lr": 0.1}
    content = {
        "state_dict": weights,
        "hyper_parameters": library.AttributeDict(lr=1e-3, place=pathlib.Path("a")),
        "config": config,
        "args": argparse.Namespace(lr=0.1, inner=types.SimpleNamespace(steps=[1, 2])),
        "metric": np.float64(80.0),
        "best": np.arange(3),
        "counts": collections.defaultdict(int, a=1),
    }
    with monkeypatch.context() as patch:
        for module in (library, nodes):
            parts = module.__name__.split(".")
            for count in range(1, len(parts)):
                package = types.ModuleType(".".join(parts[:count]))
                package.__path__ = []
                patch.setitem(sys.modules, package.__name__, package)
            patch.setitem(sys.modules, module.__name__, module)
        torch.save(content, tmp_path / "a.pt")
    loaded = load_checkpoint(str(tmp_path / "a.pt")).model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())
    assert not {library.__name__, nodes.__name__} & sys.modules.keys()


class Runs:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("call", [(eval, "open('ran', 'w')"), (pathlib.Path.touch, pathlib.Path("ran"))])
def test_nothing_is_run_and_no_advice_to_run_it(weights, tmp_path, monkeypatch, call, legacy):
    monkeypatch.chdir(tmp_path)
    content = {"state_dict": weights, "args": Runs(*call)}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UserError) as refused:
        load_checkpoint(str(tmp_path / "a.pt"))
    assert not (tmp_path / "ran").exists()
    message = str(refused.value)
    assert "a.pt" in message
    assert "save model.state_dict()" in message
    assert not {"\n", "\x1b"} & set(message)
    assert "weights_only" not in message


def test_shards(network, tmp_path):
    network.save_pretrained(tmp_path / "mine", max_shard_size="1MB")
    shards = sorted((tmp_path / "mine").glob("*-of-*.safetensors"))
    assert len(shards) > 1
    checkpoint = load_checkpoint(str(tmp_path / "mine"))
    pixels = torch.rand((1, 3, 96, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert_as_model(checkpoint.model(pixels).logits, network, pixels)
    again = load_checkpoint(str(tmp_path / "mine" / "model.safetensors.index.json"))
    assert (again.id, again.sha256) == ("mine", checkpoint.sha256)
    index = tmp_path / "mine" / "model.safetensors.index.json"
    fields = json.loads(index.read_text())
    index.write_text(json.dumps({"weight_map": {**fields["weight_map"], "x": "../mine.safetensors"}}))
    with pytest.raises(UserError, match="names the shard '../mine.safetensors', which does not lie beside it"):
        load_checkpoint(str(tmp_path / "mine"))
    index.write_text(json.dumps(fields))
    shards[0].unlink()
    with pytest.raises(UserError, match=f"names the shard {shards[0].name}, which is not there"):
        load_checkpoint(str(tmp_path / "mine"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n", "a pointer of Git LFS: run"),
        ("a.safetensors", b"\n<!DOCTYPE html><title>403</title>", "holds no weights but a web page"),
        ("a.pt", b"", "is empty"),
        ("a.pt", b"PK\x03\x04" + bytes(99), "truncated|broken"),
    ],
)
def test_what_is_no_weights_file_is_called_what_it_is(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        load_checkpoint(str(tmp_path / name))
    assert "\n" not in str(refused.value)


def test_programs_are_no_weights(tmp_path):
    torch.jit.script(nn.Linear(1, 1)).save(tmp_path / "a.pt")
    with pytest.raises(UserError, match="TorchScript"):
        load_checkpoint(str(tmp_path / "a.pt"))


def test_folder_with_weights_of_another_name(weights, tmp_path):
    torch.save(weights, tmp_path / "best.pt")
    with pytest.raises(UserError, match=r"holds no model\.safetensors.*it has best\.pt, give the path"):
        load_checkpoint(str(tmp_path))


def test_configuration_as_windows_saves_it(network, tmp_path):
    network.save_pretrained(tmp_path)
    content = (tmp_path / "config.json").read_text()
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "config.json").write_text(content, encoding=encoding)
        assert load_checkpoint(str(tmp_path)).model.config.labels == list(network.config.id2label.values())


def with_head(network, *layers):
    """The network as a user would change it, in eval mode, with norms as after some training."""
    changed = transformers.MobileViTForImageClassification(network.config)
    changed.load_state_dict(network.state_dict())
    changed.classifier = nn.Sequential(*layers)
    for layer in changed.classifier.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.LayerNorm):
            for tensor in layer.state_dict().values():
                if tensor.ndim:
                    nn.init.uniform_(tensor, 0.5, 1.5)
    return changed.eval()


@pytest.mark.parametrize(
    "layers",
    [
        lambda last: (nn.Dropout(0.3), last),
        lambda last: (nn.BatchNorm1d(320), last),
        lambda last: (nn.Dropout(0.1), nn.BatchNorm1d(320), nn.Linear(320, 64), nn.BatchNorm1d(64), nn.Linear(64, 30)),
        lambda last: (nn.Dropout(0.1), nn.Linear(320, 64), nn.BatchNorm1d(64), nn.LayerNorm(64), nn.Linear(64, 30)),
        lambda last: (nn.LayerNorm(320), nn.LayerNorm(320), nn.Linear(320, 64, bias=False), nn.Linear(64, 30)),
        lambda last: (last,),
    ],
)
def test_heads_of_several_layers(network, tmp_path, layers):
    """Whoever reads it learns what was taken for granted; saved again, it is the same network."""
    torch.manual_seed(0)
    twin = with_head(network, *layers(network.classifier))
    twin.save_pretrained(tmp_path / "mine")
    pixels = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    checkpoint = load_checkpoint(str(tmp_path / "mine"))
    with torch.no_grad():
        assert_as_model(checkpoint.model(pixels).logits, twin, pixels)
    said = [note.partition("model.safetensors: ")[2] for note in checkpoint.notes if "safetensors" in note]
    dropout = "what stands before classifier.1 in the head has no tensors and is taken for dropout"
    behind = "what stands behind classifier.0 in the head has no tensors and is left out"
    norms = [number for number, layer in enumerate(twin.classifier) if isinstance(layer, nn.LayerNorm)]
    assert said == [
        *[dropout] * isinstance(twin.classifier[0], nn.Dropout),
        *[behind] * (len(twin.classifier) == 1),
        *(f"classifier.{number} in the head is taken for a LayerNorm with PyTorch's epsilon" for number in norms),
    ]
    checkpoint.model.save_pretrained(tmp_path / "again")
    again = load_checkpoint(str(tmp_path / "again")).model.state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in checkpoint.model.state_dict().items())


def test_layer_norm_in_timms_head(tmp_path):
    twin = timm.create_model("mobilevit_xxs", num_classes=3)
    randomise(twin, 1)
    twin.head.fc = nn.Sequential(nn.LayerNorm(320), nn.Linear(320, 3))
    torch.save({"state_dict": twin.state_dict()}, tmp_path / "best.pth.tar")
    model = load_checkpoint(str(tmp_path / "best.pth.tar")).model
    assert model.config.num_labels == 3
    pixels = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert_as_exact(model(pixels).logits, *in_both_precisions(twin.eval(), pixels))


def test_head_with_a_name_of_its_own(network, tmp_path):
    twin = with_head(network, OrderedDict(drop=nn.Dropout(0.3), fc=network.classifier))
    twin.save_pretrained(tmp_path / "mine")
    checkpoint = load_checkpoint(str(tmp_path / "mine"))
    assert torch.equal(checkpoint.model.classifier.weight, network.classifier.weight)
    assert "beside classifier.fc in the head has no tensors and is taken for dropout" in checkpoint.notes[0]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((nn.Linear(320, 64), nn.ReLU(), nn.Linear(64, 30)), r"before classifier\.2\.weight stands a layer without"),
        (
            (nn.LayerNorm(320, bias=False), nn.Linear(320, 30)),
            r"classifier\.0\.weight of shape \[320\] is of no linear layer, BatchNorm1d or LayerNorm",
        ),
        ((nn.Linear(320, 30), nn.PReLU()), r"classifier\.1\.weight of shape \[1\] is of no linear layer"),
        ((nn.Linear(320, 30), nn.LayerNorm(30)), r"its head ends in classifier\.1, which is no linear layer"),
        ((nn.LayerNorm(320), nn.GELU(), nn.Linear(320, 30)), r"before classifier\.2\.weight stands a layer without"),
        (
            (nn.BatchNorm1d(320), nn.LayerNorm(320), nn.Linear(320, 30)),
            "no linear layer of its head stands beside a BatchNorm1d",
        ),
        ((nn.BatchNorm1d(999_999), nn.Linear(320, 30)), r"classifier\.1\.weight takes 320 values, .* gives 999999"),
        ((nn.LayerNorm(64), nn.Linear(320, 30)), r"classifier\.1\.weight takes 320 values, .* gives 64"),
        (
            (nn.LayerNorm(320), nn.Linear(320, 7)),
            r"classifier\.1\.weight has shape \[7, 320\], .* asks for \[30, 320\]",
        ),
        (
            (nn.Linear(320, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 30)),
            r"before classifier\.2\.weight stands a layer without",
        ),
        (
            (nn.Sequential(nn.Linear(320, 64), nn.ReLU()), nn.Linear(64, 30)),
            r"classifier\.0\.0\.weight is one of 2 layers of the head, and no key tells",
        ),
        (
            (OrderedDict(fc1=nn.Linear(320, 64), act=nn.GELU(), fc2=nn.Linear(64, 30)),),
            r"classifier\.fc1\.weight is one of 2 layers of the head, and no key tells",
        ),
    ],
)
def test_heads_that_keys_do_not_tell(network, tmp_path, layers, message):
    with_head(network, *layers).save_pretrained(tmp_path / "mine")
    with pytest.raises(UserError, match=message):
        load_checkpoint(str(tmp_path / "mine"))


def test_checkpoint_of_transformers_own_trainer(tmp_path):
    """Fine-tuned for three classes in three steps on rendered scenes."""
    pytest.importorskip("accelerate", reason="transformers' Trainer needs it: pip install -e '.[dev]'")
    names = ["ring", "disc", "star"]
    processor = transformers.MobileViTImageProcessor(size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64})
    pictures = [scenes.render("train", index).image for index in range(6)]
    pixels = processor(pictures, return_tensors="pt")["pixel_values"]
    data = [{"pixel_values": each, "labels": index % 3} for index, each in enumerate(pixels)]
    torch.manual_seed(0)
    model = transformers.MobileViTForImageClassification.from_pretrained(
        BUNDLED / "classification" / "xxs",
        id2label=dict(enumerate(names)),
        ignore_mismatched_sizes=True,
        dtype="float32",
    )
    arguments = transformers.TrainingArguments(
        str(tmp_path), max_steps=3, save_steps=3, per_device_train_batch_size=2, report_to="none", use_cpu=True
    )
    transformers.Trainer(model, arguments, train_dataset=data, processing_class=processor).train()
    folder = tmp_path / "checkpoint-3"
    checkpoint = load_checkpoint(str(folder))
    assert (checkpoint.size, checkpoint.model.config.labels) == ("xxs", names)
    assert (checkpoint.processor.size, checkpoint.processor.crop_size["width"]) == ({"shortest_edge": 72}, 64)
    twin = transformers.MobileViTForImageClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        assert_as_model(checkpoint.model(pixels).logits, twin, pixels)
