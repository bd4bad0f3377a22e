"""Apple's own checkpoints and bare weight files: recognised by their keys, sized by their shapes, loaded strictly."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from converters.preprocessing import app_preprocessing, input_transform
from reference.checkpoints import load_checkpoint
from reference.config import SIZES
from reference.errors import UserError
from reference.heads import MobileViTForImageClassification, MobileViTForSemanticSegmentation
from reference.initialise import randomise
from reference.layouts import LAYOUTS, recognise
from reference.layouts.architecture import VOC_LABELS, configuration
from reference.layouts.layout import task_of
from reference.layouts.mlcvnets import MLCVNETS
from reference.mobilevit import MobileViTModel

from ..rounding import assert_as_model

# Names and shapes of every tensor of Apple's mobilevit_xxs.pt and deeplabv3_mobilevit_xxs.pt: the state dicts of the
# networks that ml-cvnets (tag cvnets-v0.1) builds from its published configurations, by module.
PUBLISHED = json.loads((Path(__file__).parents[1] / "fixtures" / "mlcvnets_xxs.json").read_text())

# From transformers' names to ml-cvnets', the other way round than the code under test.
TO_MLCVNETS = [
    (r"^mobilevit\.", ""),
    (r"^conv_stem\.", "conv_1."),
    (r"layernorm\.(weight|bias)$", r"global_rep.END.\1"),
    (r"transformer\.layer\.(\d)\.", r"global_rep.\1."),
    (r"layernorm_before", "pre_norm_mha.0"),
    (r"attention\.attention\.qkv", "pre_norm_mha.1.qkv_proj"),
    (r"attention\.output\.dense", "pre_norm_mha.1.out_proj"),
    (r"layernorm_after", "pre_norm_ffn.0"),
    (r"intermediate\.dense", "pre_norm_ffn.1"),
    (r"output\.dense", "pre_norm_ffn.4"),
    (r"(encoder\.layer\.\d)\.(conv_kxk|conv_1x1)\.", r"\1.local_rep.\2."),
    (r"conv_kxk", "conv_3x3"),
    (r"conv_projection", "conv_proj"),
    (r"downsampling_layer\.", "0."),
    (r"encoder\.layer\.([01])\.layer\.(\d)\.", r"layer_\1.\2."),
    (r"encoder\.layer\.([234])\.0\.", r"layer_\1.0."),
    (r"encoder\.layer\.([234])\.", r"layer_\1.1."),
    (r"expand_1x1", "block.exp_1x1"),
    (r"(layer_\d\.\d)\.conv_3x3", r"\1.block.conv_3x3"),
    (r"reduce_1x1", "block.red_1x1"),
    (r"\.convolution\.", ".block.conv."),
    (r"\.normalization\.", ".block.norm."),
    (r"^classifier\.", "classifier.fc."),
    (r"^segmentation_head\.aspp\.", "seg_head.aspp.aspp_layer."),
    (r"convs\.4\.", "convs.4.aspp_pool."),
    (r"^segmentation_head\.classifier\.", "seg_head.classifier.classifier."),
]
DEPTHS = {2: 2, 3: 4, 4: 3}


def published(task):
    """The published tensors' names and shapes."""
    return {f"{module}.{leaf}": shape for module, leaves in PUBLISHED[task].items() for leaf, shape in leaves.items()}


def to_mlcvnets(state, task):
    """A state dict of transformers under ml-cvnets' names."""
    fused = {}
    for name, tensor in state.items():
        if ".query." in name:
            parts = [state[name.replace("query", part)] for part in ("query", "key", "value")]
            fused[name.replace("query", "qkv")] = torch.cat(parts)
        elif ".key." not in name and ".value." not in name:
            fused[name] = tensor
    renamed = {}
    for name, tensor in fused.items():
        for pattern, replacement in TO_MLCVNETS:
            name = re.sub(pattern, replacement, name)
        name = re.sub(r"layer_(\d)", lambda found: f"layer_{int(found[1]) + 1}", name)
        name = re.sub(
            r"layer_(\d)(.*)END", lambda found: f"layer_{found[1]}{found[2]}{DEPTHS[int(found[1]) - 1]}", name
        )
        encoder = task == "segmentation" and not name.startswith("seg_head")
        renamed["encoder." + name if encoder else name] = tensor
    return renamed


@pytest.fixture(scope="module", params=["classification", "segmentation"])
def apple(request):
    """A task, transformers' xxs network for it with well-scaled weights, and the same weights as Apple names them."""
    if request.param == "classification":
        config = transformers.MobileViTConfig(**SIZES["xxs"], num_labels=1000)
        twin = transformers.MobileViTForImageClassification(config)
    else:
        config = transformers.MobileViTConfig(**SIZES["xxs"], num_labels=21, output_stride=16)
        twin = transformers.MobileViTForSemanticSegmentation(config)
    randomise(twin, 5)
    return request.param, twin.eval(), to_mlcvnets(twin.state_dict(), request.param)


def ours(task, path):
    kind = MobileViTForImageClassification if task == "classification" else MobileViTForSemanticSegmentation
    return kind.from_pretrained(path)


def test_apples_files(apple, tmp_path):
    task, twin, weights = apple
    assert {name: list(tensor.shape) for name, tensor in weights.items()} == published(task)
    torch.save(weights, tmp_path / "apple.pt")
    model = ours(task, tmp_path / "apple.pt")
    assert model.config.size == "xxs"
    assert model.config.hidden_dropout_prob == 0.05
    pixels = torch.rand((1, 3, 96, 128), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert_as_model(model(pixels).logits, twin, pixels)
    if task == "segmentation":
        assert model.config.output_stride == 16
        assert model.config.labels == list(VOC_LABELS)
    else:
        assert model.config.labels[-1] == "LABEL_999"


@pytest.mark.parametrize(("task", "edges"), [("classification", (288, 256)), ("segmentation", (544, 512))])
def test_apples_files_bring_their_preprocessing(task, edges, tmp_path):
    weights = {name: torch.ones(shape) for name, shape in published(task).items()}
    torch.save(weights, tmp_path / "mobilevit_xxs.pt")
    checkpoint = load_checkpoint(str(tmp_path / "mobilevit_xxs.pt"), "xxs", task)
    assert (checkpoint.id, checkpoint.task) == ("mobilevit_xxs", task)
    facts = app_preprocessing(checkpoint)
    assert (facts.resize_shortest_edge, facts.crop_height) == edges
    assert (facts.interpolation, input_transform(checkpoint).color_order) == ("bilinear", "BGR")


@pytest.mark.parametrize("key", ["model_state_dict", "state_dict", "model"])
def test_training_checkpoints(apple, tmp_path, key):
    """The model's weights are found among epoch and optimizer; averaged ones win; wrappers' prefixes fall."""
    task, _, weights = apple
    zeros = {f"module.{name}": torch.zeros_like(tensor) for name, tensor in weights.items()}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    torch.save({key: zeros, "epoch": 3, "optim_state_dict": optimizer}, tmp_path / "a.pt")
    assert not any(parameter.any() for parameter in ours(task, tmp_path / "a.pt").parameters())
    torch.save({key: zeros, "ema_state_dict": weights, "epoch": 3}, tmp_path / "b.pt")
    assert all(parameter.any() for parameter in ours(task, tmp_path / "b.pt").parameters())


def test_objects_beside_the_weights_are_refused(apple, tmp_path):
    torch.save({"state_dict": apple[2], "network": torch.nn.Linear(1, 1)}, tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"a\.pt holds torch\.nn\.modules\.linear\.Linear .* not run: save model"):
        ours(apple[0], tmp_path / "a.pt")


def test_one_tensor_under_two_names(apple, tmp_path):
    task, _, weights = apple
    name = "layer_3.1.fusion.block.norm.bias"
    torch.save({**weights, name: torch.ones(48), f"encoder.{name}": torch.ones(48)}, tmp_path / "a.pt")
    with pytest.raises(UserError, match=rf"{name} twice"):
        ours(task, tmp_path / "a.pt")


def test_auxiliary_head_is_left_out(apple, tmp_path):
    task, _, weights = apple
    auxiliary = {"seg_head.aux_head.aux_classifier.block.conv.bias": torch.zeros(21)}
    torch.save({**weights, **auxiliary}, tmp_path / "a.pt")
    ours(task, tmp_path / "a.pt")


def test_deeplab_of_later_mlcvnets(apple, tmp_path):
    task, _, weights = apple
    later = {name.replace("classifier.classifier", "classifier"): tensor for name, tensor in weights.items()}
    torch.save(later, tmp_path / "a.pt")
    ours(task, tmp_path / "a.pt")


def test_strict_loading_names_tensors(apple, tmp_path):
    task, _, weights = apple
    prefix = "encoder." if task == "segmentation" else ""
    norm, qkv = f"{prefix}layer_3.1.global_rep.2", f"{prefix}layer_3.1.global_rep.0.pre_norm_mha.1.qkv_proj.weight"
    for change, message in [
        ({f"{norm}.weight": None}, "lacks tensor mobilevit.encoder.layer.2.layernorm.weight"),
        ({f"{prefix}conv_1.block.conv.weight": None}, "mobilevit.conv_stem.convolution.weight is missing"),
        ({f"{norm}.strange": torch.ones(1)}, "does not know"),
        ({"strange.weight": torch.ones(1)}, "has tensor strange.weight, which this MobileViT architecture"),
        ({qkv: torch.ones(191, 64)}, f"{qkv} of shape .191, 64. does not split"),
        ({qkv: torch.ones(96, 64)}, "query.weight has shape .32, 64., but its configuration asks for .64, 64."),
    ]:
        changed = {name: tensor for name, tensor in {**weights, **change}.items() if tensor is not None}
        torch.save(changed, tmp_path / "a.pt")
        with pytest.raises(UserError, match=message):
            ours(task, tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("fields", "labels"),
    [(SIZES["xs"], 7), (SIZES["s"], 3), ({"hidden_sizes": [48, 64, 80], "expand_ratio": 3.0, "qkv_bias": False}, 2)],
)
def test_hugging_face_weights_alone(tmp_path, fields, labels):
    """What the shapes tell is what config.json said; custom widths too."""
    written = transformers.MobileViTForImageClassification(transformers.MobileViTConfig(**fields, num_labels=labels))
    save_file(written.state_dict(), tmp_path / "mine.safetensors")
    model = MobileViTForImageClassification.from_pretrained(tmp_path / "mine.safetensors")
    for name in ("neck_hidden_sizes", "hidden_sizes", "expand_ratio", "mlp_ratio", "qkv_bias", "num_labels"):
        given = getattr(written.config, name)
        assert getattr(model.config, name) == (list(given) if isinstance(given, tuple) else given)
    five = MobileViTForImageClassification.from_pretrained(
        tmp_path / "mine.safetensors", num_labels=5, ignore_mismatched_sizes=True
    )
    assert len(five.classifier.bias) == 5


def test_backbone_alone(tmp_path):
    backbone = MobileViTModel(load_checkpoint("random", "xs").model.config)
    save_file(backbone.state_dict(), tmp_path / "backbone.safetensors")
    assert MobileViTModel.from_pretrained(tmp_path / "backbone.safetensors").config.size == "xs"
    assert load_checkpoint(str(tmp_path / "backbone.safetensors"), task="features").size == "xs"
    with pytest.raises(UserError, match="is a backbone without a head"):
        load_checkpoint(str(tmp_path / "backbone.safetensors"))


def test_checkpoint_of_another_task(apple, tmp_path):
    other, message = {
        "classification": ("segmentation", "is a classifier"),
        "segmentation": ("classification", "segments images"),
    }[apple[0]]
    torch.save(apple[2], tmp_path / "a.pt")
    with pytest.raises(UserError, match=message):
        load_checkpoint(str(tmp_path / "a.pt"), task=other)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mobilevitv2.encoder.layer.2.transformer.layer.0.attention.qkv_proj.convolution.weight", "a MobileViTV2"),
        ("layer_3.1.global_rep.0.pre_norm_attn.1.qkv_proj.block.conv.weight", "a MobileViTV2"),
        ("stages.2.1.transformer.0.attn.qkv_proj.weight", "a MobileViTV2"),
        ("stages.0.0.attn.fc1.weight", "a MobileViT with squeeze-and-excitation"),
        ("ssd_heads.0.loc_cls_layer.pw_conv.block.conv.weight", "an SSD detector"),
        ("layer1.0.conv1.weight", "a ResNet"),
        ("blocks.0.attn.qkv.weight", "a plain vision transformer"),
        ("blocks.0.0.conv_dw.weight", "an EfficientNet or MobileNet"),
        ("stem.0.conv_kxk.0.conv.weight", r"no MobileViT: its 1 tensors \(first: stem.0.conv_kxk"),
    ],
)
def test_another_architecture_is_refused_with_the_reason(tmp_path, name, found):
    torch.save({name: torch.ones(1)}, tmp_path / "other.pt")
    with pytest.raises(UserError, match=rf"checkpoint other holds {found}.*choose a MobileViT \(v1\)") as refusal:
        load_checkpoint(str(tmp_path / "other.pt"))
    assert "\n" not in str(refusal.value)


def test_real_mobilevitv2_is_refused(tmp_path):
    """It shares most of its names with MobileViT."""
    small = transformers.MobileViTV2Config(width_multiplier=0.5, n_attn_blocks=[1, 1, 1])
    torch.save(transformers.MobileViTV2Model(small).state_dict(), tmp_path / "other.pt")
    with pytest.raises(UserError, match="holds a MobileViTV2"):
        load_checkpoint(str(tmp_path / "other.pt"))


def module_names(layout):
    """Its modules, without the second name that later ml-cvnets gives one of them."""
    plain = [name for name in layout.names if name != "seg_head.classifier.block.conv"]
    return plain + list(layout.fused_names)


@settings(max_examples=50)
@given(st.data())
def test_renaming_loses_and_mixes_nothing(data):
    """Any tensors of a layout: recognised, each under a name of its own, from which it can be found again."""
    layout = data.draw(st.sampled_from(LAYOUTS))
    modules = data.draw(st.lists(st.sampled_from(module_names(layout)), min_size=1, unique=True))
    leaves = {module: data.draw(st.sampled_from(["weight", "bias"])) for module in modules}
    weights = {f"{module}.{leaf}": torch.arange(3.0) + 3 * at for at, (module, leaf) in enumerate(leaves.items())}
    assert recognise(weights, "x").name == layout.name
    renamed = layout.renamed(weights, "x")
    back = {name: module for module, name in layout.names.items() if module in module_names(layout)}
    fused = {name: module for module, name in layout.fused_names.items()}
    found = {}
    for name, tensor in renamed.items():
        module, _, leaf = name.removeprefix("mobilevit.").rpartition(".")
        if module in back:
            found[f"{back[module]}.{leaf}"] = tensor
        elif module.endswith(".query"):
            stem, parts = name.removesuffix(f"query.{leaf}"), ("query", "key", "value")
            whole = torch.cat([renamed[f"{stem}{part}.{leaf}"] for part in parts])
            found[f"{fused[module.removesuffix('.query')]}.{leaf}"] = whole
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_layout_names_every_tensor_of_the_network(layout):
    """The names' other side is exactly what the models have."""
    wanted = set(MobileViTForImageClassification(load_checkpoint("random").model.config).state_dict())
    if layout.name != "timm":  # which has no segmentation
        wanted |= set(MobileViTForSemanticSegmentation(load_checkpoint("random").model.config).state_dict())
    modules = {name.removeprefix("mobilevit.").rpartition(".")[0] for name in wanted}
    fused = {f"{module}.{part}" for module in layout.fused_names.values() for part in ("query", "key", "value")}
    assert set(layout.names.values()) | fused == modules


def test_shapes_tell_the_published_sizes():
    for task in ("classification", "segmentation"):
        weights = MLCVNETS.renamed({name: torch.empty(shape) for name, shape in published(task).items()}, "x")
        assert task_of(weights) == task
        fields = configuration(weights, "x")
        assert {name: fields[name] for name in SIZES["xxs"]} == SIZES["xxs"]
