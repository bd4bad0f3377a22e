"""From a picture to the network's input, in two halves: the app resizes and crops, the artifact reorders and scales."""

from __future__ import annotations

from dataclasses import dataclass

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.manifest import Preprocessing
from reference.tensor_specs import ColorOrder

INPUT = "image"  # what artifacts call what lies between


def app_preprocessing(checkpoint: Checkpoint) -> Preprocessing:
    """The app's half of the checkpoint's preprocessing; UserError where a manifest cannot describe it."""
    processor = checkpoint.processor
    if not (processor.do_resize and processor.do_center_crop and "shortest_edge" in processor.size):
        raise UserError(
            f"checkpoint {checkpoint.id}: its preprocessor_config.json must resize a shortest_edge and crop the centre"
        )
    return Preprocessing.model_validate(
        {
            "resize": "shortest_edge",
            "resize_height": None,
            "resize_width": None,
            "resize_shortest_edge": processor.size["shortest_edge"],
            "interpolation": processor.resample.name.lower(),
            "antialias": True,
            "crop_height": processor.crop_size["height"],
            "crop_width": processor.crop_size["width"],
        }
    )


@dataclass(frozen=True)
class InputTransform:
    """The second half of the preprocessing, from RGB bytes to the network's input: reorder channels, then scale."""

    color_order: ColorOrder
    scale: float


def input_transform(checkpoint: Checkpoint) -> InputTransform:
    """What the checkpoint's own preprocessing does after the crop."""
    processor = checkpoint.processor
    return InputTransform(
        color_order="BGR" if processor.do_flip_channel_order else "RGB",
        scale=processor.rescale_factor if processor.do_rescale else 1.0,
    )
