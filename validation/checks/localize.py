"""Where an artifact leaves the reference: convolution by convolution, on one picture.

Convolutions are what every format keeps one by one, with BatchNorm folded in or not. The reference's are taken in the
order they run and named by its modules; an artifact's are put beside them in its own order, by the shape of their
results. What lies between two of them, for example a transformer, is to blame when only the second one differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.layers import ConvLayer, MobileViTLayer
from reference.tolerances import numbers_of

from ..artifact import Given, Source, app_processor, open_artifacts, references_from
from ..runtimes import DEFAULT_OPTIONS, Layer, LooksInside, Options, load, looking_inside
from .metrics import sqnr_db
from .mistakes import right_values


@dataclass(frozen=True)
class Located:
    """One convolution of the reference and the artifact's result beside it.

    module: the reference's name; tensor: the artifact's; sqnr_db: of its result, dB.
    """

    module: str
    tensor: str
    sqnr_db: float


def localize(
    artifact: Given,
    image: Image.Image,
    *,
    checkpoint: Source = None,
    runtime: str | None = None,
    options: Options = DEFAULT_OPTIONS,
) -> tuple[list[Located], float]:
    """The artifact's convolutions beside the reference's, and what a sound one reaches, dB.

    Args:
        image: a picture as a camera gives it.
        checkpoint: the reference's weights, where the manifest's own id cannot be found from here.
        runtime: a key of RUNTIMES; None: the preferred one that can look inside.

    Raises:
        UserError: for a broken artifact, or a runtime that cannot look inside.
        NotRun: when the runtime is not here.
    """
    (opened,) = open_artifacts([artifact])
    manifest = opened.manifest
    loaded = load(opened, runtime or looking_inside(manifest.artifact.format), options)
    if not isinstance(loaded, LooksInside):
        raise UserError(f"{loaded.name} gives no results on the way: leave --runtime out")
    reference = references_from(checkpoint).of(opened)
    layers = loaded.convolutions(app_processor(manifest).resize_and_crop(image))
    return align(reference, right_values(reference, image), layers), numbers_of(manifest.artifact).layer_db


def align(checkpoint: Checkpoint, values: Tensor, layers: Sequence[Layer]) -> list[Located]:
    """Put the artifact's convolutions beside the reference's.

    Args:
        values: what the network should see, float32 [1, C, H, W].
        layers: results of the artifact's convolutions on the same picture, in the order they run.

    Returns:
        One entry for each of the reference's convolutions that the artifact has too.
    """
    found, rest = [], list(layers)
    for module, expected, centred in reference_layers(checkpoint, values):
        place = next((i for i, layer in enumerate(rest) if layer.value.shape == expected.shape), None)
        if place is None:
            continue
        layer = rest[place]
        del rest[: place + 1]
        pair = [expected, layer.value.astype(np.float32)]
        if centred:  # a rewrite may have taken the mean over the channels away, which no one reads
            pair = [each - each.mean(axis=0) for each in pair]
        if (expected >= 0).all():  # ReLU, which the artifact's convolution may have taken in
            pair = [expected, np.maximum(pair[1], 0)]
        with np.errstate(invalid="ignore", over="ignore"):
            found.append(Located(module, layer.name, sqnr_db(*pair)))
    return found


def first_bad(located: Sequence[Located], bound_db: float) -> Located | None:
    """The first one below the bound; NaN is below every one."""
    return next((each for each in located if not each.sqnr_db >= bound_db), None)


@torch.inference_mode()
def reference_layers(checkpoint: Checkpoint, values: Tensor) -> list[tuple[str, np.ndarray, bool]]:
    """Of each convolution: its module's name, its result [C, H, W] after BatchNorm and before the activation (after
    ReLU, which formats take into the convolution), and whether only the residual stream of a transformer reads it, for
    which its mean over the channels is nothing."""
    results: list[tuple[str, np.ndarray, bool]] = []
    streams = {id(block.conv_1x1) for block in checkpoint.model.modules() if isinstance(block, MobileViTLayer)}
    handles = []
    for name, module in checkpoint.model.named_modules():
        if isinstance(module, ConvLayer):
            rectified = isinstance(module.activation, nn.ReLU)
            last = module if rectified else module.normalization or module.convolution

            def keep(
                _: object, __: object, result: Tensor, name: str = name, stream: bool = id(module) in streams
            ) -> None:
                results.append((name, result[0].numpy(), stream))

            handles.append(last.register_forward_hook(keep))
    try:
        checkpoint.model(values)
    finally:
        for handle in handles:
            handle.remove()
    return results
