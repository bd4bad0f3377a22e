"""The bodies of `python -m validation.mil run|ops|inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.table import Table

from reference.console import Plain
from reference.errors import UserError
from reference.images import as_rgb
from reference.picture_files import open_image

from . import ops  # noqa: F401  fills the registry
from .admission import BLOCKS
from .inspection import described, weights_of
from .package import Package
from .precision import Precision
from .program import Program
from .registry import OPSETS, REGISTRY

TOP = 5
HERE = "executed by the reference executor, not by Apple's runtime"


def run(path: Path, image: Path, precision: str, spread: bool) -> int:
    """Print the outputs for one picture, stretched to the declared size; with `spread`, by all precisions."""
    program = Program(path, precision)
    inputs = {feature.name: _picture(feature, image) for feature in program.inputs}
    answers = program.predict(inputs)
    console = Plain()
    console.print(f"{path}, {HERE}, precision {precision}", soft_wrap=True)
    for name, value in answers.items():
        console.print(f"{name}: {_summary(value)}", soft_wrap=True)
    if spread:
        exact = Program(path, Precision.FLOAT32).predict(inputs)
        for mode in Precision:
            if mode is not Precision.FLOAT32:
                other = answers if mode == program.precision else Program(path, mode).predict(inputs)
                for name, distance in _distances(other, exact).items():
                    console.print(f"{name}: {mode.value} differs from float32 by {distance:.1e} at most")
    return 0


def list_operations(path: Path) -> int:
    """Print the operations of a program and whether they can be run here; 1 when some cannot."""
    function = Package(path).function()
    counts = function.count()
    table = Table(title=f"{path}, opset {function.opset} ({OPSETS[function.opset]})", title_justify="left")
    for heading in ("operation", "times", "here"):
        table.add_column(heading)
    known = {*REGISTRY, *BLOCKS}
    for kind, count in counts.most_common():
        table.add_row(kind, str(count), "yes" if kind in known else "NO")
    Plain().print(table)
    return 0 if counts.keys() <= known else 1


def inspect(path: Path) -> int:
    """Print inputs, outputs, operations and weights."""
    function = Package(path).function()
    console = Plain()
    console.print(f"{path}: ML Program, opset {function.opset} ({OPSETS[function.opset]})", soft_wrap=True)
    for title, features in (("input", function.features.input), ("output", function.features.output)):
        for feature in features:
            console.print(f"{title} {feature.name}: {described(feature)}")
    counts = function.count()
    console.print(
        f"{counts.total()} operations: {', '.join(f'{count} {kind}' for kind, count in counts.most_common())}"
    )
    table = Table("weights", "decompressed by", "tensors", "bytes")
    for weights in weights_of(function):
        table.add_row(weights.data_type, weights.compression, str(weights.tensors), f"{weights.bytes:,}")
    console.print(table)
    return 0


def _picture(feature: Any, image: Path) -> Image.Image:
    if feature.type.WhichOneof("Type") != "imageType":
        raise UserError(f"input {feature.name} is {described(feature)}: this command feeds images only, use the API")
    size = (feature.type.imageType.width, feature.type.imageType.height)
    picture = as_rgb(open_image(image)).resize(size, Image.Resampling.BILINEAR)
    layout = described(feature).split()[1]
    return picture.convert({"GRAYSCALE": "L", "GRAYSCALE_FLOAT16": "F"}.get(layout, "RGB"))


def _summary(value: Any) -> str:
    if isinstance(value, dict):
        best = sorted(value.items(), key=lambda pair: -pair[1])[:TOP]
        return ", ".join(f"{label} {probability:.1%}" for label, probability in best)
    if isinstance(value, np.ndarray):
        extent = f", {value.min():g} to {value.max():g}" if value.size else ""
        return f"{value.dtype} {list(value.shape)}{extent}"
    if isinstance(value, Image.Image):
        return f"image {value.mode} {value.width}x{value.height}"
    return str(value)


def _distances(answers: dict[str, Any], exact: dict[str, Any]) -> dict[str, float]:
    """Largest difference of each output made of numbers."""
    distances = {}
    for name, value in answers.items():
        if isinstance(value, dict):
            distances[name] = max(abs(value[key] - exact[name][key]) for key in value)
        elif not isinstance(value, str | int):
            difference = np.asarray(value, np.float64) - np.asarray(exact[name], np.float64)
            distances[name] = float(np.abs(difference).max(initial=0.0))
    return distances
