"""A float .tflite file to a quantized one, by ai-edge-quantizer: our part is the recipe and the ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import BuiltinOperator
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer.quantizer import Quantizer

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.manifest import CalibrationFacts

from ..calibration import calibration
from ..deployable import Deployable, MaskSegmenter
from .ranges import Quantity, choose, measure
from .recipes import MODES, interface, measured, recipe


@dataclass(frozen=True)
class Options:
    """What is asked for.

    mode: a key of recipes.MODES. input_dtype, output_dtype: "float32", "uint8" or "int8"; None: the mode's own.
    calibration: a folder of images; None: the rendered training scenes, for the demonstration alone. range_method: one
    of ranges.METHODS. keep_float: scopes that stay float. recipe: a file instead of the mode's rules.
    """

    mode: str = "float16"
    input_dtype: str | None = None
    output_dtype: str | None = None
    calibration: Path | None = None
    calibration_samples: int = 128
    range_method: str = "auto"
    keep_float: Sequence[str] = ()
    recipe: Path | None = None


@dataclass(frozen=True)
class Plan:
    """Options, settled for one network.

    precision: of the weights that the recipe leaves alone. recipe: ai-edge-quantizer's rules, none for a float file.
    measures: whether they need ranges. integer: whether they leave nothing in float.
    """

    options: Options
    precision: str
    input_dtype: str
    recipe: list[dict[str, Any]]
    measures: bool
    integer: bool


@dataclass(frozen=True)
class Quantized:
    """A file, and what its ranges were measured on."""

    content: bytes
    calibration: CalibrationFacts | None


def settled(options: Options, network: Deployable) -> Plan:
    """The plan for `network`; UserError where options do not fit it or each other."""
    mode = MODES[options.mode]
    rules = recipe(options.mode, keep_float=options.keep_float, file=options.recipe)
    measures = measured(rules)
    input_dtype = options.input_dtype or mode.input_dtype
    output_dtype = options.output_dtype or mode.output_dtype
    if isinstance(network, MaskSegmenter):
        if options.output_dtype:
            raise UserError("a mask's output is the int32 class of each pixel: leave --output-dtype out")
        output_dtype = "float32"  # nothing to quantize
    if not measures and (input_dtype == "int8" or output_dtype != "float32"):
        raise UserError(
            f"--quantize {options.mode} measures no ranges, which an int8 input and an integer output need: choose "
            "int8, int8-full or int16x8"
        )
    if measures:
        rules = interface(rules, input_dtype=input_dtype, output_dtype=output_dtype)
    precision = "float16" if options.mode == "float16" and not rules else "float32"
    integer = mode.integer and not (options.keep_float or options.recipe)
    return Plan(options, precision, input_dtype, rules, measures, integer)


def quantize(content: bytes, plan: Plan, checkpoint: Checkpoint) -> Quantized:
    """A float file, quantized as planned.

    Raises:
        UserError: when images are needed and there are none, or ai-edge-quantizer refuses the recipe.
    """
    if not plan.recipe:
        return Quantized(content, None)
    if not plan.measures:
        return Quantized(apply(content, plan.recipe, {}), None)
    options = plan.options
    images = calibration(checkpoint, options.calibration, options.calibration_samples, required=True)
    assert images is not None
    ranges = choose(measure(content, [each[None] for each in images.pixels]), options.range_method)
    return Quantized(apply(content, plan.recipe, ranges), images.facts(f"{options.range_method} ranges"))


def apply(content: bytes, rules: Sequence[Mapping[str, Any]], ranges: Mapping[str, Quantity]) -> bytes:
    """A float file, quantized by ai-edge-quantizer's `rules` with `ranges` by the names of tensors."""
    try:
        quantizer = Quantizer(bytearray(content), [dict(rule) for rule in rules])
        ranges = {**ranges, **_bytes_of(content)} if ranges else {}
        result = quantizer.quantize(ranges or None, enable_progress_bar=False, enable_progress_report=False)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"ai-edge-quantizer refuses the recipe: {str(error).splitlines()[0]}") from error
    assert result.quantized_model is not None
    return _choosing_among_integers(bytes(result.quantized_model))


def _choosing_among_integers(content: bytes) -> bytes:
    """Given: DEQUANTIZE, then ARG_MAX, which ai-edge-quantizer leaves float. Result: ARG_MAX of the integers alone."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    changed = False
    for graph in model.subgraphs:
        restored = {
            node.outputs[0]: node for node in graph.operators if codes[node.opcodeIndex] == BuiltinOperator.DEQUANTIZE
        }
        for node in graph.operators:
            before = restored.get(node.inputs[0]) if codes[node.opcodeIndex] == BuiltinOperator.ARG_MAX else None
            if before is not None:
                node.inputs[0] = before.inputs[0]
                graph.operators.remove(before)
                changed = True
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)) if changed else content


def _bytes_of(content: bytes) -> dict[str, Quantity]:
    """The range of the input, which is that of bytes whatever the images hold: scale 1, a pixel's own value."""
    (feed,) = Interpreter(model_content=content).get_input_details()
    shape = (1,) * len(feed["shape"])
    return {feed["name"]: {"min": np.zeros(shape, np.float32), "max": np.full(shape, 255, np.float32)}}
