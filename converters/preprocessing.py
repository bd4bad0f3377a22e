"""From a picture to the network's input, in two halves: the app resizes and crops, the artifact reorders and scales."""

from __future__ import annotations

from dataclasses import dataclass

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.manifest import MOST_CROPPED, Preprocessing
from reference.tensor_specs import ColorOrder

INPUT = "image"  # what artifacts call what lies between


def app_preprocessing(checkpoint: Checkpoint) -> Preprocessing:
    """The app's half of the checkpoint's preprocessing; UserError where a manifest cannot describe it."""
    processor = checkpoint.processor
    size = processor.size if processor.do_resize else {}
    if not processor.do_center_crop and "height" not in size:
        raise UserError(
            f"checkpoint {checkpoint.id}: its preprocessor_config.json leaves each picture a size of its own: give "
            "it a size of height and width, or a do_center_crop"
        )
    crop = processor.crop_size if processor.do_center_crop else size
    if crop["height"] * crop["width"] > MOST_CROPPED:
        raise UserError(
            f"a crop of {crop['height']} x {crop['width']} pixels is more than attention can look across, "
            f"{MOST_CROPPED} pixels (1024 x 2048 for one): give a smaller --image-size"
        )
    edge = size.get("shortest_edge")
    return Preprocessing.model_validate(
        {
            "resize": "none" if not size else (processor.fit or "both_sides") if edge is None else "shortest_edge",
            "resize_height": size.get("height"),
            "resize_width": size.get("width"),
            "resize_shortest_edge": edge,
            "interpolation": processor.resample.name.lower(),
            "antialias": True,
            "crop_height": crop["height"],
            "crop_width": crop["width"],
        }
    )


@dataclass(frozen=True)
class InputTransform:
    """The second half of the preprocessing, from RGB or grey bytes to the network's input: reorder channels, then
    pixel * scale + offset, a number for each channel of the network."""

    color_order: ColorOrder
    scale: tuple[float, ...]
    offset: tuple[float, ...]

    @property
    def channels(self) -> int:
        """Of the picture, and of the network."""
        return len(self.scale)

    @property
    def even_scale(self) -> float:
        """One scale for all channels, where a format has but one; see `unevenness`."""
        return self.scale[0] if len(set(self.scale)) == 1 else sum(self.scale) / self.channels

    @property
    def unevenness(self) -> tuple[float, ...]:
        """What `even_scale` leaves for the weights of each channel to do."""
        return tuple(scale / self.even_scale for scale in self.scale)

    @property
    def even_offset(self) -> list[float]:
        """The offset that goes with `even_scale`."""
        return [offset / rest for offset, rest in zip(self.offset, self.unevenness)]


def input_transform(checkpoint: Checkpoint) -> InputTransform:
    """What the checkpoint's own preprocessing does after the crop."""
    processor = checkpoint.processor
    factor = processor.rescale_factor if processor.do_rescale else 1.0
    none, one = (0.0,) * processor.num_channels, (1.0,) * processor.num_channels
    channels = list(zip(processor.mean or none, processor.deviation or one))  # red first
    if processor.do_flip_channel_order:
        channels.reverse()
    colors: ColorOrder = "BGR" if processor.do_flip_channel_order else "RGB"
    return InputTransform(
        color_order=colors if processor.num_channels == 3 else "L",
        scale=tuple(factor / deviation for _, deviation in channels),
        offset=tuple(0.0 - mean / deviation for mean, deviation in channels),
    )
