"""MobileViT's configuration and the table of its published sizes.

Source of the parameters and their defaults: the Hugging Face MobileViT documentation page (``MobileViTConfig``);
source of the size table: the MobileViT paper (arXiv:2110.02178) and Apple's checkpoints on the Hub.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .config_rules import check, default_labels
from .errors import UserError
from .json_files import read_json, write_json
from .sources import CONFIG_FILE, open_with_options, require_file

# What distinguishes the published sizes; everything else is the default of MobileViTConfig.
SIZES: dict[str, dict[str, Any]] = {
    "xxs": {
        "hidden_sizes": [64, 80, 96],
        "neck_hidden_sizes": [16, 16, 24, 48, 64, 80, 320],
        "hidden_dropout_prob": 0.05,
        "expand_ratio": 2.0,
    },
    "xs": {"hidden_sizes": [96, 120, 144], "neck_hidden_sizes": [16, 32, 48, 64, 80, 96, 384]},
    "s": {"hidden_sizes": [144, 192, 240], "neck_hidden_sizes": [16, 32, 64, 96, 128, 160, 640]},
}

# What artifacts do: name an image's class, every pixel's class, or give the image's feature vector.
TASKS = ("classification", "segmentation", "features")

BACKBONE = "mobilevit."  # precedes the backbone's tensors in checkpoints of models with a head

# The preprocessing of Apple's checkpoints by task, in pixels: shortest edge after resizing, side of the centre crop.
PREPROCESSING = {"classification": (288, 256), "segmentation": (544, 512), "features": (288, 256)}
RESIZE_EDGE, CROP = PREPROCESSING["classification"]

# What shapes the backbone and its answer; a published size has its values in all of these.
_BACKBONE_FIELDS = (
    "num_channels", "patch_size", "hidden_sizes", "neck_hidden_sizes", "num_attention_heads", "mlp_ratio",
    "expand_ratio", "hidden_act", "conv_kernel_size", "layer_norm_eps", "qkv_bias",
)  # fmt: skip


class MobileViTConfig:
    """Architecture and training parameters of a MobileViT.

    Args:
        num_channels: input channels.
        image_size: nominal input side in pixels, or height and width; the network itself takes any size.
        patch_size: side of the square patches that attention looks across, in feature-map pixels.
        hidden_sizes: transformer widths of encoder stages 3, 4 and 5.
        neck_hidden_sizes: channels of stem, stages 1 to 5, and the last 1x1 expansion.
        num_attention_heads: heads per attention layer; must divide every hidden size.
        mlp_ratio: width of the transformer's feed-forward layer over its hidden size.
        expand_ratio: width of an inverted residual block over its input.
        hidden_act: activation by name (see ``reference.activations.ACTIVATIONS``) or a callable on tensors.
        conv_kernel_size: kernel of the convolutions around the transformers.
        output_stride: input pixels per output pixel: 8, 16 or 32; below 32, dilation replaces the last strides.
        hidden_dropout_prob: dropout after attention and feed-forward layers, 0..1.
        attention_probs_dropout_prob: dropout on attention weights, 0..1.
        classifier_dropout_prob: dropout before the classifier, 0..1.
        initializer_range: standard deviation of freshly initialised weights.
        layer_norm_eps: added to the variance in LayerNorm.
        qkv_bias: whether query, key and value projections carry a bias.
        aspp_out_channels: width of DeepLabV3's atrous spatial pyramid pooling.
        atrous_rates: dilations of its three atrous convolutions.
        aspp_dropout_prob: dropout after it, 0..1.
        semantic_loss_ignore_index: label that the segmentation loss skips.
        num_labels: number of classes, named LABEL_0...; `id2label` names them and overrules this number.
        id2label: class index to name.
        label2id: name to class index; derived from `id2label` when not given.
        output_hidden_states: whether the models return the outputs of their stages.
        return_dict: whether the models return named fields; False: tuples.
        problem_type: the classifier's loss: "regression", "single_label_classification", "multi_label_classification";
            None: found out from the labels (see MobileViTForImageClassification).
        extra: every other key of a config.json: an attribute, and kept so that a round trip loses nothing.

    Raises:
        UserError: when values contradict each other.
    """

    model_type = "mobilevit"

    def __init__(
        self,
        num_channels: int = 3,
        image_size: int | Sequence[int] = 256,
        patch_size: int = 2,
        hidden_sizes: Sequence[int] = (144, 192, 240),
        neck_hidden_sizes: Sequence[int] = (16, 32, 64, 96, 128, 160, 640),
        num_attention_heads: int = 4,
        mlp_ratio: float = 2.0,
        expand_ratio: float = 4.0,
        hidden_act: str | Callable[[Any], Any] = "silu",
        conv_kernel_size: int = 3,
        output_stride: int = 32,
        hidden_dropout_prob: float = 0.1,
        attention_probs_dropout_prob: float = 0.0,
        classifier_dropout_prob: float = 0.1,
        initializer_range: float = 0.02,
        layer_norm_eps: float = 1e-5,
        qkv_bias: bool = True,
        aspp_out_channels: int = 256,
        atrous_rates: Sequence[int] = (6, 12, 18),
        aspp_dropout_prob: float = 0.1,
        semantic_loss_ignore_index: int = 255,
        *,
        num_labels: int = 2,
        id2label: Mapping[Any, str] | None = None,
        label2id: Mapping[str, int] | None = None,
        output_hidden_states: bool = False,
        return_dict: bool = True,
        problem_type: str | None = None,
        **extra: Any,
    ) -> None:
        self.num_channels = num_channels
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_sizes = list(hidden_sizes)
        self.neck_hidden_sizes = list(neck_hidden_sizes)
        self.num_attention_heads = num_attention_heads
        self.mlp_ratio = mlp_ratio
        self.expand_ratio = expand_ratio
        self.hidden_act = hidden_act
        self.conv_kernel_size = conv_kernel_size
        self.output_stride = output_stride
        self.hidden_dropout_prob = hidden_dropout_prob
        self.attention_probs_dropout_prob = attention_probs_dropout_prob
        self.classifier_dropout_prob = classifier_dropout_prob
        self.initializer_range = initializer_range
        self.layer_norm_eps = layer_norm_eps
        self.qkv_bias = qkv_bias
        self.aspp_out_channels = aspp_out_channels
        self.atrous_rates = list(atrous_rates)
        self.aspp_dropout_prob = aspp_dropout_prob
        self.semantic_loss_ignore_index = semantic_loss_ignore_index
        if id2label is None:
            id2label = default_labels(num_labels)
        self.id2label = {int(index): name for index, name in id2label.items()}  # JSON keys are strings
        self.label2id = dict(label2id) if label2id else {name: index for index, name in self.id2label.items()}
        self.output_hidden_states = output_hidden_states
        self.return_dict = return_dict
        self.problem_type = problem_type
        self.extra = extra
        check(self)

    def __getattr__(self, name: str) -> Any:
        """Only asked for what is no attribute otherwise."""
        extra = vars(self).get("extra", {})
        if name not in extra:
            raise AttributeError(f"MobileViTConfig has no attribute {name!r}")
        return extra[name]

    @property
    def num_labels(self) -> int:
        """Number of classes. Setting another one names them LABEL_0..."""
        return len(self.id2label)

    @num_labels.setter
    def num_labels(self, count: int) -> None:
        if count != self.num_labels:
            self.id2label = default_labels(count)
            self.label2id = {name: index for index, name in self.id2label.items()}

    @property
    def image_shape(self) -> tuple[int, int]:
        """Nominal height and width, in pixels."""
        height, width = (self.image_size,) * 2 if isinstance(self.image_size, int) else self.image_size
        return height, width

    @property
    def labels(self) -> list[str]:
        """Class names in the order of the logits."""
        return [self.id2label[index] for index in range(self.num_labels)]

    @property
    def size(self) -> str | None:
        """The published size this architecture is ("xxs", "xs", "s"), or None."""
        for name, fields in SIZES.items():
            published = MobileViTConfig(**fields)
            if all(getattr(published, field) == getattr(self, field) for field in _BACKBONE_FIELDS):
                return name
        return None

    def to_dict(self) -> dict[str, Any]:
        """The contents of a config.json as Hugging Face writes it (JSON types only)."""
        fields = {name: value for name, value in vars(self).items() if name != "extra"}
        if not isinstance(self.hidden_act, str):  # a function's name; of a module such as nn.SiLU() its class's, "silu"
            fields["hidden_act"] = getattr(self.hidden_act, "__name__", type(self.hidden_act).__name__.lower())
        fields["id2label"] = {str(index): name for index, name in self.id2label.items()}
        return {**self.extra, **fields, "model_type": self.model_type}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any], source: str = "config.json") -> MobileViTConfig:
        """Build from the contents of a config.json; `source` names it in errors."""
        if "architecture" in fields and "model_type" not in fields:
            raise UserError(f"{source} is timm's, which describes no layers: load the weights with it, or alone")
        kind = fields.get("model_type", cls.model_type)
        if kind != cls.model_type:
            raise UserError(
                f"{source} describes a {kind!r} model, not a {cls.model_type!r}: choose a MobileViT checkpoint"
            )
        try:
            return cls(**{name: value for name, value in fields.items() if name != "model_type"})
        except UserError as error:
            raise UserError(f"{source}: {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{source} is not a MobileViT configuration: {error}") from error

    @classmethod
    def from_json_file(cls, json_file: str | Path, **changes: Any) -> MobileViTConfig:
        """Read a config.json; `changes` overrule its values, `num_labels` and `id2label` its labels too."""
        check_names(changes)
        fields = read_json(json_file)
        if {"num_labels", "id2label"} & changes.keys():
            fields = {name: value for name, value in fields.items() if name not in ("id2label", "label2id")}
        return cls.from_dict({**fields, **changes}, source=str(json_file))

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **changes: Any) -> MobileViTConfig:
        """Read the config.json of a folder or Hub id; `changes` as in `from_json_file`, and HUB_OPTIONS."""
        place, changes = open_with_options(pretrained_model_name_or_path, changes)
        return cls.from_json_file(require_file(place, CONFIG_FILE), **changes)

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write `save_directory`/config.json."""
        write_json(Path(save_directory) / CONFIG_FILE, self.to_dict())


def check_names(changes: Mapping[str, Any]) -> None:
    """UserError for a name that is none of MobileViTConfig's parameters: a slip, which would change nothing."""
    known = [name for name in inspect.signature(MobileViTConfig).parameters if name != "extra"]
    unknown = next((name for name in changes if name not in known), None)
    if unknown is not None:
        raise UserError(f"unknown option {unknown}: choose among {', '.join(known)}")
