"""From what is asked for to a quantized file: the recipe, the ranges, and how far both go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.manifest import CalibrationFacts, Task

from ..calibration import calibration
from ..deployable import SegmentationOutput
from .apply import apply
from .fallback import labelled_images, walk
from .ranges import choose, measure
from .recipes import FLOATS, MODES, interface, measured, recipe


@dataclass(frozen=True)
class Options:
    """What is asked for.

    mode: a key of recipes.MODES. input_dtype, output_dtype: "float32", "uint8" or "int8"; None: the mode's own.
    calibration: a folder of images; None: the rendered training scenes, for the demonstration alone. range_method: one
    of ranges.METHODS. keep_float: scopes that stay float. recipe: a file instead of the mode's rules. max_drop: points
    of top-1 that may be lost on the labelled images of the folder `labelled`, or on rendered training scenes.
    """

    mode: str = "float16"
    input_dtype: str | None = None
    output_dtype: str | None = None
    calibration: Path | None = None
    calibration_samples: int = 128
    range_method: str = "auto"
    keep_float: Sequence[str] = ()
    recipe: Path | None = None
    max_drop: float | None = None
    labelled: Path | None = None


@dataclass(frozen=True)
class Plan:
    """Options, settled for one network.

    precision: of the weights that are no integers. compression: what the manifest says of the others. recipe:
    ai-edge-quantizer's rules, none for a float32 file. measures: whether they need ranges. integer: whether they leave
    nothing in float.
    """

    options: Options
    precision: str
    compression: str
    input_dtype: str
    recipe: list[dict[str, Any]]
    measures: bool
    integer: bool


@dataclass(frozen=True)
class Quantized:
    """A file, the plan that it followed in the end, what its ranges were measured on, and what there is to say."""

    content: bytes
    plan: Plan
    calibration: CalibrationFacts | None = None
    notes: tuple[str, ...] = ()


def settled(options: Options, task: Task, output: SegmentationOutput = "mask") -> Plan:
    """The plan for a network of `task`; UserError where options do not fit it or each other.

    Args:
        output: for segmentation, see deployable.
    """
    mode = MODES[options.mode]
    rules = recipe(options.mode, task, keep_float=options.keep_float, file=options.recipe)
    measures = measured(rules)
    input_dtype = options.input_dtype or mode.input_dtype
    output_dtype = options.output_dtype or mode.output_dtype
    if task == "segmentation" and output == "mask":
        if options.output_dtype:
            raise UserError("a mask's output is the int32 class of each pixel: leave --output-dtype out")
        output_dtype = "float32"  # nothing to quantize
    if not measures and (input_dtype == "int8" or output_dtype != "float32"):
        raise UserError(
            f"--quantize {options.mode} measures no ranges, which an int8 input and an integer output need: choose "
            "int8, int8-full or int16x8"
        )
    if options.max_drop is not None and not measures:
        raise UserError(f"--max-drop is for modes that quantize activations, not for --quantize {options.mode}")
    if measures:
        rules = interface(rules, input_dtype=input_dtype, output_dtype=output_dtype)
    floats = options.recipe is None and options.mode in FLOATS
    precision = "float16" if floats and options.mode == "float16" else "float32"
    compression = "none" if floats else options.mode
    integer = mode.integer and not (options.keep_float or options.recipe)
    return Plan(options, precision, compression, input_dtype, rules, measures, integer)


def quantize(content: bytes, plan: Plan, checkpoint: Checkpoint) -> Quantized:
    """A float file, quantized as planned.

    Raises:
        UserError: when images are needed and there are none, or ai-edge-quantizer refuses the recipe.
    """
    if not plan.recipe:
        return Quantized(content, plan)
    if not plan.measures:
        return Quantized(apply(content, plan.recipe, {}), plan)
    options = plan.options
    images = calibration(checkpoint, options.calibration, options.calibration_samples, required=True)
    assert images is not None
    ranges = choose(measure(content, [each[None] for each in images.pixels]), options.range_method)
    facts = images.facts(f"{options.range_method} ranges")
    if options.max_drop is None:
        return Quantized(apply(content, plan.recipe, ranges), plan, facts)
    steps, rules = walk(content, plan.recipe, ranges, labelled_images(checkpoint, options.labelled), options.max_drop)
    plan = replace(plan, recipe=rules, integer=plan.integer and not steps[-1].kept)
    return Quantized(steps[-1].content, plan, facts, tuple(map(str, steps)))
