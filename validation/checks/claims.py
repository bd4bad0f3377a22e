"""What a manifest claims, held to what its file holds and to its checkpoint; and a golden set, held to both.

Bounds follow from the claim: a float32 file that calls itself a palette of 16 values would be let off with its noise.
"""

from __future__ import annotations

import re
from math import isclose, nan
from typing import TYPE_CHECKING

import numpy as np

from reference.errors import UserError
from reference.labels import distinct
from reference.manifest import ArtifactFacts, Manifest
from reference.tolerances import tolerance

from ..artifact import Artifact
from ..graphs import Graph, Weights, read
from .embedded import contradictions
from .structure import CONVERSIONS, SMALL_INTEGERS, computes

if TYPE_CHECKING:  # with PyTorch, which the process that only reads files does not wait for
    from reference.checkpoints import Checkpoint
    from reference.golden import GoldenSet

ROUNDING_ACTIVATIONS = ("int8-full", "int16x8", "w8a8", "tflite int8", "onnx int8")
SHARE = 0.01  # of all weights' bytes, what counts; of palettes' tables any


def untrue_claims(artifact: Artifact) -> list[str]:
    """What the manifest claims of the artifact, and the file does not show; nothing where the file cannot be read."""
    manifest = artifact.manifest
    try:
        graph = read(artifact.path)
    except UserError:  # a runtime will say so, or does not run here either
        return []
    found = [*_of_weights(manifest.artifact, graph), *_of_activations(manifest.artifact, graph)]
    try:
        return found + contradictions(artifact.path, manifest)
    except Exception as error:  # whatever a foreign file makes its readers raise
        said = str(error).partition("\n")[0] or type(error).__name__
        return [*found, f"what the file says of itself cannot be read: {said}"]


def lies(manifest: Manifest, checkpoint: Checkpoint) -> list[str]:
    """What a manifest says otherwise than its checkpoint."""
    processor, said = checkpoint.processor, manifest.preprocessing
    size = processor.size if processor.do_resize else {}
    resize = "shortest_edge" if "shortest_edge" in size else (processor.fit or "both_sides") if size else "none"
    truth = {
        "preprocessing.interpolation": (said.interpolation, processor.resample.name.lower()),
        "preprocessing.resize": (said.resize, resize),
        "preprocessing.resize_shortest_edge": (said.resize_shortest_edge, size.get("shortest_edge")),
        "preprocessing.resize_height": (said.resize_height, size.get("height")),
        "preprocessing.resize_width": (said.resize_width, size.get("width")),
        "preprocessing.antialias": (said.antialias, True),
        "input.network_color_order": (
            manifest.input.network_color_order,
            "L" if processor.num_channels == 1 else "BGR" if processor.do_flip_channel_order else "RGB",
        ),
    }
    found = [
        f"the manifest's {key} is {mine}, the checkpoint's {right}"
        for key, (mine, right) in truth.items()
        if mine != right
    ]
    labels = [] if manifest.task == "features" else distinct(checkpoint.model.config.labels)
    if "labels" in manifest.options:  # from a file of the user's own
        labels = manifest.labels
    if manifest.labels != labels:
        place = next(
            (i for i, (a, b) in enumerate(zip(manifest.labels, labels)) if a != b),
            min(len(labels), len(manifest.labels)),
        )
        found.append(
            f"the manifest's labels differ from the checkpoint's, {len(manifest.labels)} against {len(labels)}, "
            f"first at {place}"
        )
    return found


def wrong_golden(golden: GoldenSet, artifact: Artifact) -> list[str]:
    """Why a golden set is none of the artifact's; its bounds are to be those that follow from its answers."""
    if golden.sha256 != artifact.manifest.artifact.sha256:
        return [f"the golden set is of another file than {artifact.label}: convert again with --golden or --into"]
    answers = golden.answers()
    answers = np.moveaxis(answers, -1, 1) if artifact.manifest.answer.layout == "NHWC" else answers
    own = tolerance(artifact.manifest.artifact, golden.meaning, answers).bounds
    return [
        f"the golden set's bound of {name} is {golden.bounds.get(name)}, where {own.get(name)} follows from its answers"
        for name in sorted(own.keys() | golden.bounds.keys())
        if not isclose(own.get(name, nan), golden.bounds.get(name, nan), rel_tol=1e-6)
    ]


def _of_weights(facts: ArtifactFacts, graph: Graph) -> list[str]:
    """Coarser numbers than claimed show in the answers; finer ones must be looked for."""
    claimed = facts.precision if facts.compression == "none" else facts.compression
    if claimed == "mixed":  # whose bounds are float16's, and which may hold whatever overflows
        return []
    total = sum(each.bytes for each in graph.weights)
    held = [_bits(each) for each in graph.weights if each.bytes >= SHARE * total or "lut" in each.compression]
    coarsest = min(filter(None, held), default=32)
    if coarsest <= min(map(int, re.findall(r"\d+", claimed))):  # of "int16x8" the weights have 8
        return []
    return [f"the manifest says {claimed}, but no weights in the file have fewer than {coarsest} bits"]


def _bits(weights: Weights) -> int | None:
    """Of each number; of a palette, of an index into its table; None of shapes and biases."""
    size = int(re.sub(r"\D", "", weights.data_type) or 8)  # "bool" has no number
    is_float = "float" in weights.data_type
    if "lut" in weights.compression:
        entries = weights.bytes * 8 // size // weights.tensors
        return (entries - 1).bit_length() if is_float else None
    return size if is_float or size <= 8 else None


def _of_activations(facts: ArtifactFacts, graph: Graph) -> list[str]:
    rounding = {facts.compression, f"{facts.format} {facts.compression}"} & set(ROUNDING_ACTIVATIONS)
    if not rounding or computes(graph).keys() & {*SMALL_INTEGERS, "int16"}:
        return []
    if any(node.kind.lower() in CONVERSIONS[:2] for node in graph.nodes):
        return []
    return [f"the manifest says {facts.compression}, but no operation in the file computes with integers"]
