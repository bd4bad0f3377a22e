"""Code written for the Hugging Face page, on the reference and on transformers: names, parameters and habits."""

from __future__ import annotations

import inspect
import shutil

import pytest
import torch
import transformers
from PIL import Image
from transformers.activations import ACT2FN
from transformers.models.mobilevit.image_processing_pil_mobilevit import MobileViTImageProcessorPil

import reference
from reference.activations import ACTIVATIONS, activation
from reference.checkpoints import BUNDLED
from reference.demo.picture import SAMPLE
from reference.errors import UserError
from reference.processor_options import OPTIONS, SETTLED

from ..hub import ask_there, served
from ..rounding import loss
from .keras_twins import TINY, pixels

DEMO = BUNDLED / "classification" / "xxs"
MODELS = ("MobileViTModel", "MobileViTForImageClassification", "MobileViTForSemanticSegmentation")


@pytest.mark.parametrize(("kind", "task"), zip(MODELS[1:], ("classification", "segmentation")))
def test_the_pages_lines(kind, task):
    image = Image.open(SAMPLE)
    # From here on as the page has it.
    image_processor = reference.AutoImageProcessor.from_pretrained(BUNDLED / task / "xxs", use_fast=True)
    model = getattr(reference, kind).from_pretrained(BUNDLED / task / "xxs", device_map="auto")
    inputs = image_processor(images=image, return_tensors="pt").to(model.device)
    with torch.no_grad():
        outputs = model(**inputs)

    twin = getattr(transformers, kind).from_pretrained(BUNDLED / task / "xxs", dtype=torch.float32)
    other = MobileViTImageProcessorPil.from_pretrained(BUNDLED / task / "xxs")
    with torch.no_grad():
        expected = twin(**other(images=image, return_tensors="pt"))
    assert loss(outputs.logits.cpu(), expected.logits) <= 0.01  # pixels differ by one step of rounding at most
    if task == "segmentation":
        size = [image.size[::-1]]
        maps = [one.post_process_semantic_segmentation(expected, size)[0] for one in (image_processor, other)]
        assert torch.equal(*maps)
    else:
        label = int(outputs.logits.argmax(-1))
        assert model.config.id2label[label] == twin.config.id2label[int(expected.logits.argmax(-1))]


@pytest.mark.parametrize("kind", MODELS)
def test_parameters_have_the_oracles_names_and_order(kind):
    """And behind them, of the classifier, one of our own."""
    own = {"__init__": ["classifier_shapes"] * (kind == "MobileViTForImageClassification"), "forward": []}
    ours, theirs = getattr(reference, kind), getattr(transformers, kind)
    for method in ("__init__", "forward"):
        mine, other = (
            [
                name
                for name, parameter in inspect.signature(getattr(one, method)).parameters.items()
                if parameter.kind < 4
            ]
            for one in (ours, theirs)
        )
        assert mine == other + own[method], method


@pytest.mark.parametrize("kind", [*MODELS, "MobileViTConfig", "MobileViTImageProcessorPil"])
def test_files_are_called_as_the_oracle_calls_them(kind):
    theirs = getattr(transformers, kind)
    for method in ("from_pretrained", "save_pretrained"):
        mine, other = (
            list(inspect.signature(getattr(one, method)).parameters) for one in (getattr(reference, kind), theirs)
        )
        at = method == "save_pretrained"
        assert mine[at] == other[at]


def test_every_documented_option_is_known():
    config = set(inspect.signature(transformers.MobileViTConfig).parameters)
    not_mobilevits = {"transformers_version", "architectures", "dtype", "chunk_size_feed_forward", "is_encoder_decoder"}
    assert config - set(inspect.signature(reference.MobileViTConfig).parameters) == not_mobilevits
    switches = {name for name in vars(MobileViTImageProcessorPil()) if name.startswith("do_")}
    assert "do_flip_channel_order" in switches
    assert switches <= {*OPTIONS, *SETTLED}


def test_outputs_are_mappings_as_the_oracles():
    fields = {**TINY, "num_labels": 3}
    for kind in MODELS:
        ours, theirs = (getattr(one, kind)(one.MobileViTConfig(**fields)).eval() for one in (reference, transformers))
        inputs = {"pixel_values": pixels(1, 64, 64), "output_hidden_states": kind != "MobileViTModel"}
        if kind == "MobileViTForImageClassification":
            inputs["labels"] = torch.tensor([1])
        mine, other = ours(**inputs), theirs(**inputs)
        assert list(mine) == list(mine.keys()) == list(other.keys())
        assert len(mine) == len(other) == len(mine.to_tuple())
        assert [name in mine for name in ("loss", "logits", 0)] == [name in other for name in ("loss", "logits", 0)]
        assert all(mine[name] is dict(mine)[name] is getattr(mine, name) for name in mine)
        assert mine[:2] == mine.to_tuple()[:2]
        with pytest.raises(KeyError):
            mine["attentions"]


def test_a_configuration_is_changed_by_its_attributes():
    """As fine-tuning scripts do, and as transformers follows."""
    labels = torch.tensor([[0.5, 1, 0, 2]])
    losses = []
    for library in (reference, transformers):
        config = library.MobileViTConfig(**TINY, note="kept")
        config.num_labels = 4
        config.problem_type = "regression"
        model = library.MobileViTForImageClassification(config)
        model.config.output_hidden_states = True
        for parameter in model.parameters():
            torch.nn.init.constant_(parameter, 0.05)
        answer = model.eval()(pixels(1, 64, 64), labels=labels)
        assert len(answer.hidden_states) == 5
        losses.append(answer.loss.item())
        assert (config.note, config.return_dict, config.problem_type) == ("kept", True, "regression")
        assert (config.id2label[3], config.label2id["LABEL_3"], len(config.id2label)) == ("LABEL_3", 3, 4)
        with pytest.raises(AttributeError):
            getattr(config, "nothing")  # noqa: B009
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert reference.MobileViTConfig(note=1).to_dict()["note"] == 1


def test_an_accelerator_that_is_not_there(monkeypatch):
    """A PyTorch built with CUDA knows of it on machines without a GPU too."""
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available=False: None if check_available else "cuda"
    )
    model = reference.MobileViTForImageClassification.from_pretrained(DEMO, device_map="auto")
    assert model.device.type == "cpu"


def test_options_of_from_pretrained(tmp_path):
    kind = reference.MobileViTForImageClassification
    config = reference.MobileViTConfig.from_pretrained(DEMO, revision="main", hidden_dropout_prob=0.4)
    model = kind.from_pretrained(DEMO, config=config, dtype="bfloat16", local_files_only=True)
    assert model.config is config
    assert (model.dtype, model.device.type, model.training) == (torch.bfloat16, "cpu", False)
    config.save_pretrained(tmp_path)
    assert kind.from_pretrained(DEMO, config=tmp_path).dropout.p == config.classifier_dropout_prob
    assert kind.from_pretrained(DEMO).dtype == torch.float32
    assert kind.from_pretrained(DEMO, torch_dtype="auto").dtype == torch.float16  # the bundled file's
    labels = dict(enumerate(f"class {index}" for index in range(30)))
    named = kind.from_pretrained(DEMO, id2label=labels)
    assert named.config.label2id["class 29"] == 29
    processor = reference.MobileViTImageProcessor.from_pretrained(DEMO, size=100, token=None)
    assert processor.size == {"shortest_edge": 100}
    for wrong, message in [
        ({"hidden_dropout": 0.3}, "unknown option hidden_dropout: choose among num_channels"),
        ({"config": config, "num_labels": 3}, "give num_labels in the configuration"),
        ({"dtype": "int8"}, "dtype 'int8' is no type of floating-point numbers"),
    ]:
        with pytest.raises(UserError, match=message):
            kind.from_pretrained(DEMO, **wrong)
    with pytest.raises(UserError, match="unknown option hidden_dropout"):
        reference.MobileViTConfig.from_pretrained(DEMO, hidden_dropout=0.3)
    (tmp_path / "config.json").unlink()
    alone = shutil.copy(DEMO / "model.safetensors", tmp_path)
    with pytest.raises(UserError, match="unknown option hidden_dropout"):
        kind.from_pretrained(alone, hidden_dropout=0.3)
    with pytest.raises(UserError, match="unknown option sise: choose among do_resize"):
        reference.MobileViTImageProcessor.from_pretrained(DEMO, sise=3)


def test_hub_options_reach_the_hub(monkeypatch, tmp_path):
    """Also force_download: the second time all is asked for again."""
    with served() as hub:
        ask_there(monkeypatch, hub.endpoint, tmp_path / "unused")
        hub.publish("somebody/mobilevit", DEMO, branch="v1")
        options = {"revision": "v1", "token": "t", "cache_dir": tmp_path / "own"}
        for kind in ("MobileViTForImageClassification", "MobileViTConfig", "MobileViTImageProcessor"):
            load = getattr(reference, kind).from_pretrained
            for more in ({}, {"force_download": True}):
                hub.asked.clear()
                load("somebody/mobilevit", **options, **more)
                assert any("/resolve/v1/" in path for path in hub.asked), kind
            assert len({*hub.asked}) < len(hub.asked), "they are asked about, and fetched"
            assert hub.tokens == {"Bearer t"}
            hub.asked.clear()
            load("somebody/mobilevit", **options, local_files_only=True)
            assert hub.asked == []
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() & ACT2FN.keys()))
def test_activations_are_the_oracles_of_that_name(name):
    values = torch.linspace(-6, 6, 101)
    assert torch.allclose(activation(name)(values), ACT2FN[name](values), atol=2e-6)


def test_activations_that_are_callables_are_saved_by_name(tmp_path):
    for act in (torch.nn.SiLU(), torch.nn.functional.silu):
        reference.MobileViTConfig(hidden_act=act).save_pretrained(tmp_path)
        assert reference.MobileViTConfig.from_pretrained(tmp_path).hidden_act == "silu"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_size": "big"}, "image_size must be a whole number"),
        ({"image_size": [1, 2, 3]}, "image_size must be one number"),
        ({"patch_size": [2, 2]}, "patch_size must be a whole number"),
        ({"mlp_ratio": [1, 2]}, "mlp_ratio must be a number"),
        ({"qkv_bias": "no"}, "qkv_bias must be true or false"),
        ({"semantic_loss_ignore_index": 0.5}, "semantic_loss_ignore_index must be a whole number"),
        ({"num_labels": -1}, "num_labels must be a whole number"),
        ({"problem_type": "ranking"}, "problem_type 'ranking' is unknown"),
    ],
)
def test_values_that_make_no_sense(fields, message):
    with pytest.raises(UserError, match=message):
        reference.MobileViTConfig(**fields)


@pytest.mark.parametrize("kind", MODELS[1:])
def test_a_head_needs_a_label(kind):
    with pytest.raises(UserError, match="needs at least one label"):
        getattr(reference, kind)(reference.MobileViTConfig(num_labels=0))
    assert reference.MobileViTModel(reference.MobileViTConfig(**TINY, num_labels=0))
