"""What a written .tflite file must show before it is published: it runs, it agrees, and it is what its name says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_quantizer.recipe_manager import RecipeManager

from reference import scenes
from reference.checkpoints import Checkpoint
from reference.errors import UserError

from ..deployable import Deployable
from .interpreters import as_written, from_stored, running, to_stored
from .quantize import Plan
from .recipes import WEIGHTED

ENOUGH = {"class_map": 0.8}  # share of pixels with the same class; of anything else, the cosine
COSINE = 0.9


@dataclass(frozen=True)
class Structure:
    """What a file consists of.

    operations: how many. float_weights: weighted operations that read float32 weights, those unpacked from float16 or
    int8 aside. per_tensor: int8 weights of several output channels with one scale for all. float_operations: names of
    operations that compute in float32. partitions: what XNNPACK takes over in how many pieces.
    """

    operations: int
    float_weights: int
    per_tensor: int
    float_operations: tuple[str, ...]
    partitions: int


def structure(content: bytes) -> Structure:
    """Of a .tflite file, in LiteRT."""
    plain = as_written(content)
    tensors = {detail["index"]: detail for detail in plain.get_tensor_details()}
    nodes = plain._get_ops_details()
    unpacked = {int(node["outputs"][0]): int(node["inputs"][0]) for node in nodes if node["op_name"] == "DEQUANTIZE"}
    weights = [
        (node, tensors[unpacked.get(int(node["inputs"][1]), int(node["inputs"][1]))])
        for node in nodes
        if node["op_name"] in WEIGHTED
    ]
    ends = {detail["index"] for detail in (*plain.get_input_details(), *plain.get_output_details())}
    return Structure(
        operations=len(nodes),
        float_weights=sum(weight["dtype"] == np.float32 for _, weight in weights),
        per_tensor=sum(
            weight["dtype"] == np.int8 and len(weight["quantization_parameters"]["scales"]) < _channels(node, weight)
            for node, weight in weights
        ),
        float_operations=tuple(
            node["op_name"]
            for node in nodes
            if any(
                tensors[int(index)]["dtype"] == np.float32 and index not in ends
                for index in (*node["inputs"], *node["outputs"])
                if index >= 0
            )
        ),
        partitions=sum(node["op_name"] == "DELEGATE" for node in running(content)._get_ops_details()),
    )


def golden_images(checkpoint: Checkpoint, count: int) -> np.ndarray:
    """Rendered scenes as an app hands them over, uint8 [count, H, W, C]; they can be shown to every network."""
    pictures = [scenes.render("validation", index).image for index in range(count)]
    return np.stack([checkpoint.processor.resize_and_crop(each) for each in pictures])


@torch.inference_mode()
def expected_answers(network: Deployable, golden: np.ndarray) -> dict[str, np.ndarray]:
    """What PyTorch answers to each image by itself, under the names of the outputs [N, ...], maps as [N, H, W, C]."""
    images = torch.tensor(golden).permute(0, 3, 1, 2).float()
    values = map(torch.cat, zip(*(network.answers(each[None]) for each in images)))
    return {
        meaning: (each.permute(0, 2, 3, 1) if each.ndim == 4 else each).numpy()
        for meaning, each in zip(network.meanings, values)
    }


def check(
    path: Path,
    *,
    plain: bytes,
    plan: Plan,
    golden: np.ndarray,
    expected: Mapping[str, np.ndarray],
) -> str:
    """Open the file in LiteRT, run it, compare; returns a line on what was seen.

    Args:
        plain: the float file it was made from.
        plan: how.
        golden: a batch of images [N, H, W, C], 0..255.
        expected: what PyTorch answers to each, by the outputs' names [N, ...], maps as [N, H, W, C].

    Raises:
        UserError: when something does not hold.
    """
    content = path.read_bytes()
    found = structure(content)
    wanted = float_weights(plain, plan.recipe) if plan.recipe else found.float_weights
    if found.float_weights != wanted:
        raise UserError(f"{path.name}: {found.float_weights} operations read float weights, the recipe says {wanted}")
    if found.per_tensor:
        raise UserError(f"{path.name}: {found.per_tensor} int8 weights have one scale for all their channels")
    if plan.integer and found.float_operations:
        raise UserError(f"{path.name}: {', '.join(sorted(set(found.float_operations)))} compute in float")
    run = running(content).get_signature_runner()
    (feed,) = run.get_input_details().items()
    answers = run(**{feed[0]: to_stored(golden, feed[1])})
    agreement = min(
        _agreement(name, from_stored(answers[name], run.get_output_details()[name]), expected[name])
        for name in expected
    )
    plural = "" if found.partitions == 1 else "s"
    return (
        f"in LiteRT: {found.operations} operations, {found.partitions} XNNPACK partition{plural}, "
        f"golden image{'s' * (len(golden) > 1)} agree{'s' * (len(golden) == 1)} to {agreement:.4f}"
    )


def float_weights(plain: bytes, recipe: Sequence[Mapping[str, Any]]) -> int:
    """How many weighted operations of the float file `plain` the recipe leaves alone."""
    rules = RecipeManager()
    rules.load_quantization_recipe([dict(entry) for entry in recipe])
    interpreter = as_written(plain)
    names = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
    scopes = [
        (node["op_name"], "".join(f"{names[int(index)]};" for index in node["outputs"]))
        for node in interpreter._get_ops_details()
        if node["op_name"] in WEIGHTED
    ]
    return sum(rules.get_quantization_configs(name, scope)[0] == "no_quantize" for name, scope in scopes)


def _agreement(name: str, answer: np.ndarray, expected: np.ndarray) -> float:
    """Cosine of two answers, or the share of equal classes; UserError when it is too small to be the same network's."""
    if name == "class_map":
        value = float((answer == expected).mean())
    else:
        value = float((answer * expected).sum() / np.sqrt((answer**2).sum() * (expected**2).sum()))
    if not value >= ENOUGH.get(name, COSINE):  # nor NaN
        raise UserError(
            f"the quantized network's {name} agree with the reference's to {value:.2f} only on a golden image: try "
            "another --range-method, other calibration images, or keep more of it in float (--keep-float)"
        )
    return value


def _channels(node: Mapping[str, Any], weight: Mapping[str, Any]) -> int:
    return int(weight["shape"][-1 if node["op_name"] == "DEPTHWISE_CONV_2D" else 0])
