"""What the values of a configuration may be."""

from __future__ import annotations

from typing import Any

from .errors import UserError

# What each number may be: its kind, lowest and highest value; for a list, of each entry.
_WIDTH = (int, 1, 65_536)
_SIDE = (int, 1, 256)  # of feature maps: beyond their own side, a patch or a dilation meets padding alone
_LABELS = 262_144  # twelve times ImageNet-21k's
_SHARE = ((int, float), 0.0, 1.0)
_RATIO = ((int, float), 0.01, 100.0)
_RANGES: dict[str, tuple[Any, float, float]] = {
    "num_channels": _WIDTH,
    "image_size": _WIDTH,
    "patch_size": _SIDE,
    "hidden_sizes": _WIDTH,
    "neck_hidden_sizes": _WIDTH,
    "num_attention_heads": _WIDTH,
    "mlp_ratio": _RATIO,
    "expand_ratio": _RATIO,
    "conv_kernel_size": _WIDTH,
    "output_stride": _WIDTH,
    "hidden_dropout_prob": _SHARE,
    "attention_probs_dropout_prob": _SHARE,
    "classifier_dropout_prob": _SHARE,
    "initializer_range": _SHARE,
    "layer_norm_eps": _SHARE,
    "aspp_out_channels": _WIDTH,
    "atrous_rates": _SIDE,
    "aspp_dropout_prob": _SHARE,
    "semantic_loss_ignore_index": (int, -32_768, 65_535),
}
_COUNTS = {"hidden_sizes": 3, "neck_hidden_sizes": 7, "atrous_rates": 3}
_PROBLEMS = ("regression", "single_label_classification", "multi_label_classification")


def check(config: Any) -> None:
    """UserError naming the first value of a MobileViTConfig that makes no sense, alone or beside another."""
    for name, (kinds, low, high) in _RANGES.items():
        value = getattr(config, name)
        listed = isinstance(value, list | tuple) and (name in _COUNTS or name == "image_size")
        for number in value if listed else [value]:
            if isinstance(number, bool) or not isinstance(number, kinds) or not low <= number <= high:
                kind = "a whole number" if kinds is int else "a number"
                raise UserError(f"{name} must be {kind} in {low:g}..{high:g}, not {number!r}")
    for name, count in _COUNTS.items():
        if len(getattr(config, name)) != count:
            raise UserError(f"{name} needs {count} entries, not {len(getattr(config, name))}")
    if not isinstance(config.image_size, int) and len(config.image_size) != 2:
        raise UserError(f"image_size must be one number, or height and width, not {config.image_size!r}")
    if not isinstance(config.qkv_bias, bool):
        raise UserError(f"qkv_bias must be true or false, not {config.qkv_bias!r}")
    if not isinstance(config.hidden_act, str) and not callable(config.hidden_act):
        raise UserError(f"hidden_act must be a name or a callable, not {config.hidden_act!r}")
    if config.problem_type not in (None, *_PROBLEMS):
        raise UserError(f"problem_type {config.problem_type!r} is unknown: choose {', '.join(_PROBLEMS)}")
    if not all(isinstance(label, str) for label in config.id2label.values()):
        raise UserError("id2label must name its labels with strings")
    if sorted(config.id2label) != list(range(config.num_labels)):
        raise UserError(f"id2label must number its {config.num_labels} labels 0..{config.num_labels - 1}")
    for width in config.hidden_sizes:
        if width % config.num_attention_heads:
            raise UserError(
                f"hidden size {width} is not a multiple of num_attention_heads {config.num_attention_heads}"
            )
    if config.output_stride not in (8, 16, 32):
        raise UserError(f"output_stride must be 8, 16 or 32, not {config.output_stride}")


def default_labels(count: int) -> dict[int, str]:
    """The names of labels that nobody named, as transformers has them; UserError for no number of labels."""
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _LABELS:
        raise UserError(f"num_labels must be a whole number in 0..{_LABELS}, not {count!r}")
    return {index: f"LABEL_{index}" for index in range(count)}
