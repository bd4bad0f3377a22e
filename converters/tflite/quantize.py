"""From options to a quantized file: the recipe, the ranges, and how far both go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from reference.checkpoints import Checkpoint
from reference.manifest import Task

from ..calibration import Calibration
from ..passes import FOR_FLOAT, FOR_INTEGERS, PASSES
from .apply import apply, check_recipe
from .fallback import Labelled, labelled_images, walk
from .options import TFLiteOptions
from .ranges import choose, measure
from .recipes import MODES, interface, recipe


@dataclass(frozen=True)
class Plan:
    """What is done to one network's file.

    recipe: ai-edge-quantizer's rules, none for a float32 file. integer: whether they leave nothing in float. labelled:
    images that the top-1 is held on, where it is.
    """

    options: TFLiteOptions
    recipe: list[dict[str, Any]]
    integer: bool
    labelled: Labelled | None = None


@dataclass(frozen=True)
class Quantized:
    """A file, the plan that it followed in the end, and what there is to say."""

    content: bytes
    plan: Plan
    notes: tuple[str, ...] = ()


def passes(options: TFLiteOptions, task: Task) -> tuple[str, ...]:
    """The rewrites of a network of `task` that its numbers ask for."""
    if not options.measures:
        return FOR_FLOAT
    splits = options.recipe is None and task in MODES[options.quantize].splits
    return tuple(PASSES) if splits else FOR_INTEGERS


def rules(options: TFLiteOptions, task: Task) -> list[dict[str, Any]]:
    """The whole recipe for a network of `task`; `options`: settled."""
    entries = recipe(options.quantize, task, keep_float=options.keep_float, own=options.recipe)
    if not options.measures:
        return entries
    output_dtype = "float32" if options.maps_classes(task) else options.output_dtype  # int32: nothing to quantize
    return interface(entries, input_dtype=options.input_dtype, output_dtype=output_dtype)


def planned(options: TFLiteOptions, checkpoint: Checkpoint) -> Plan:
    """The plan for a network; `options`: settled.

    Raises:
        UserError: where the recipe makes no sense, or there are no labelled images where they are asked for.
    """
    entries = rules(options, checkpoint.task)
    check_recipe(entries)
    integer = MODES[options.quantize].integer and not (options.keep_float or options.recipe)
    labelled = None if options.max_drop is None else labelled_images(checkpoint, options.labelled)
    return Plan(options, entries, integer, labelled)


def quantize(content: bytes, plan: Plan, images: Calibration | None, *, single: bytes) -> Quantized:
    """A float file, quantized as planned.

    Args:
        images: which the ranges are measured on, where there are any to measure.
        single: the same network's float file for one image, on which all is measured; `content` may be for several.

    Raises:
        UserError: when ai-edge-quantizer refuses the recipe, or no choice of float parts keeps to the largest drop.
    """
    if not plan.recipe:
        return Quantized(content, plan)
    if images is None:
        return Quantized(apply(content, plan.recipe, {}), plan)
    options = plan.options
    ranges = choose(measure(single, [each[None] for each in images.pixels]), options.range_method)
    if plan.labelled is None or options.max_drop is None:
        return Quantized(apply(content, plan.recipe, ranges), plan)
    steps, entries = walk(single, plan.recipe, ranges, plan.labelled, options.max_drop)
    plan = replace(plan, recipe=entries, integer=plan.integer and not steps[-1].kept)
    return Quantized(apply(content, entries, ranges), plan, tuple(map(str, steps)))
