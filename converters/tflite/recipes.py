"""What each value of --quantize does, as data: a list of rules in ai-edge-quantizer's own form, the later ones winning.

A rule names operations (of TFLite, "*" for all) and the scopes they lie in: a regular expression, searched in the names
of an operation's results, which follow the network's modules ("layer.2/transformer.layer.0/add").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reference.errors import UserError

from ..anatomy import FIRST_ATTENTION, FIRST_STAGES, NORMS, RESIDUAL_STREAM, SCORES, STEM

if TYPE_CHECKING:  # --help names the modes, and must not wait for more
    from reference.manifest import Task

    from .own_recipe import OwnRecipe

_WEIGHTS = {"num_bits": 8, "symmetric": True, "granularity": "CHANNELWISE", "dtype": "INT"}
_COMPUTED = {"compute_precision": "INTEGER", "explicit_dequantize": False}


def _activations(bits: int, *, symmetric: bool, dtype: str = "INT") -> dict[str, Any]:
    return {"num_bits": bits, "symmetric": symmetric, "granularity": "TENSORWISE", "dtype": dtype}


# What a rule can do with weights and activations.
TREATMENTS: dict[str, dict[str, Any]] = {
    "int8": {"weight_tensor_config": _WEIGHTS, "activation_tensor_config": _activations(8, symmetric=False)}
    | _COMPUTED,
    "uint8": {
        "weight_tensor_config": _WEIGHTS,
        "activation_tensor_config": _activations(8, symmetric=False, dtype="UINT"),
    }
    | _COMPUTED,
    "int16": {"weight_tensor_config": _WEIGHTS, "activation_tensor_config": _activations(16, symmetric=True)}
    | _COMPUTED,
    "int8-dynamic": {"weight_tensor_config": _WEIGHTS} | _COMPUTED,
    "int8-weight": {"weight_tensor_config": _WEIGHTS, "compute_precision": "FLOAT", "explicit_dequantize": True},
    "float16": {
        "weight_tensor_config": {"num_bits": 16, "dtype": "FLOAT"},
        "compute_precision": "FLOAT",
        "explicit_dequantize": True,
    },
}
FLOAT = "float"

ALL = ("*",)
MATRICES = ("CONV_2D", "FULLY_CONNECTED")
WEIGHTED = (*MATRICES, "DEPTHWISE_CONV_2D")


@dataclass(frozen=True)
class Rule:
    """`treatment`: a key of TREATMENTS, or FLOAT."""

    treatment: str
    operations: tuple[str, ...] = ALL
    scope: str = ".*"

    def entries(self) -> list[dict[str, Any]]:
        """The rule as ai-edge-quantizer reads it."""
        how: dict[str, Any] = {"algorithm_key": "no_quantize"}
        if self.treatment != FLOAT:
            algorithm = "float_casting" if self.treatment == "float16" else "min_max_uniform_quantize"
            how = {"algorithm_key": algorithm, "op_config": TREATMENTS[self.treatment]}
        return [{"regex": self.scope, "operation": operation, **how} for operation in self.operations]


@dataclass(frozen=True)
class Mode:
    """One value of --quantize.

    about: for --help. rules: see above; none where all stays float32. additions: more rules for a task. splits: tasks
    whose first attention applies its weights in two parts. precision: of what are no integers; compressed: whether
    there are any. input_dtype, output_dtype: where nothing else is asked for. integer: whether every operation must be.
    """

    about: str
    rules: tuple[Rule, ...] = ()
    additions: Mapping[Task, tuple[Rule, ...]] = field(default_factory=dict)
    splits: tuple[Task, ...] = ()
    precision: str = "float32"
    compressed: bool = True
    input_dtype: str = "float32"
    output_dtype: str = "float32"
    integer: bool = False

    @property
    def measures(self) -> bool:
        """Whether it needs ranges of activations."""
        return measured([entry for rule in self.rules for entry in rule.entries()])


MODES: dict[str, Mode] = {
    "none": Mode("weights and activations float32", compressed=False),
    # The stem's weights carry 1/255, which takes most of them into float16's subnormals: rounded there, they alone were
    # three quarters of the file's error, to save 0.9 kB. Biases stay float32 for the same reason, and save a node each.
    "float16": Mode(
        "weights float16, activations float32 on a CPU and the GPU's choice on a GPU; runs well on both",
        (Rule("float16", WEIGHTED), Rule(FLOAT, ("CONV_2D",), STEM)),
        precision="float16",
        compressed=False,
    ),
    "int8-weight": Mode("weights int8, activations float32; small, as fast as float", (Rule("int8-weight", WEIGHTED),)),
    # Depthwise convolutions have no kernel of this kind in XNNPACK, and would break the graph apart. The first stages
    # have large maps of few channels: rounding each map takes longer than a faster product saves.
    "int8-dynamic": Mode(
        "weights int8, the activations of convolutions and linear layers int8 as they run; for CPUs, no calibration",
        (
            Rule("int8-dynamic", MATRICES),
            Rule("int8-weight", ("DEPTHWISE_CONV_2D",)),
            Rule("int8-weight", ("CONV_2D",), FIRST_STAGES),
        ),
    ),
    # Float stay: softmax, whose int8 kernel is slow; attention's scores, where int8 costs more than it gains without
    # 8-bit dot products (their keys are float before they are turned, or XNNPACK widens them over and over as it
    # multiplies); norms, since a mean of squares has no 8-bit form, and XNNPACK refuses epsilon's scale; the residual
    # stream, which each addition would round again; the stem, whose three channels are too few for int8 kernels, and
    # whose error all that follows sees; and a segmenter's first attention, where most of what softmax shares out among
    # 1,024 tokens is less than a step of 8 bits (1.1 points of mIoU).
    "int8": Mode(
        "weights and most activations int8, attention's scores and norms float32; for CPUs with 8-bit dot products",
        (
            Rule("int8"),
            Rule(FLOAT, scope=SCORES),
            Rule(FLOAT, ("SOFTMAX",)),
            Rule(FLOAT, ("MUL", "MEAN", "ADD", "RSQRT"), NORMS),
            Rule(FLOAT, ("ADD",), RESIDUAL_STREAM),
            Rule(FLOAT, ("PAD",), STEM),
            Rule("int8-weight", ("CONV_2D",), STEM),
        ),
        additions={"segmentation": (Rule(FLOAT, ("BATCH_MATMUL", "RESHAPE", "TRANSPOSE"), FIRST_ATTENTION),)},
    ),
    # An int8 softmax answers in steps of 1/256, which among the 1,024 tokens of a segmenter's first transformer are
    # larger than most of what it has to say. Of 16 bits it is taken apart before it is rounded to 8: NPUs multiply no
    # matrices of 16 bits.
    "int8-full": Mode(
        "weights and all activations int8; for NPUs that know integers only, slow on CPUs",
        (Rule("int8"),),
        additions={"segmentation": (Rule("int16", ("SOFTMAX", "SUB"), FIRST_ATTENTION),)},
        splits=("segmentation",),
        input_dtype="uint8",
        output_dtype="uint8",
        integer=True,
    ),
    "int16x8": Mode("weights int8, activations int16; for NPUs, very slow on CPUs", (Rule("int16"),)),
}


def recipe(
    mode: str, task: Task, *, keep_float: Collection[str] = (), own: OwnRecipe | None = None
) -> list[dict[str, Any]]:
    """The rules of `mode`, or a user's `own`, then the scopes that stay float.

    Args:
        task: of the network.
        keep_float: regular expressions for scopes.

    Raises:
        UserError: for an expression that cannot be read, or where there is nothing to quantize.
    """
    chosen = MODES[mode]
    rules = [*chosen.rules, *chosen.additions.get(task, ())]
    entries = [entry for rule in rules for entry in rule.entries()] if own is None else own.entries
    if not entries and keep_float:
        raise UserError(f"--keep-float is for quantized operations, and --quantize {mode} leaves all in float")
    for scope in keep_float:
        try:
            re.compile(scope)
        except re.error as error:
            raise UserError(f"--keep-float {scope} is no regular expression: {error}") from error
        entries += Rule(FLOAT, scope=scope).entries()
    return entries


def interface(entries: Sequence[Mapping[str, Any]], *, input_dtype: str, output_dtype: str) -> list[dict[str, Any]]:
    """`entries`, and what the file's own input and output are: "float32", "uint8" or "int8"."""
    added = []
    for operation, dtype in (("INPUT", input_dtype), ("OUTPUT", output_dtype)):
        added += Rule(FLOAT if dtype == "float32" else dtype, (operation,)).entries()
    return [*map(dict, entries), *added]


def measured(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rules quantize activations before they run."""
    return any("activation_tensor_config" in entry.get("op_config", {}) for entry in entries)
