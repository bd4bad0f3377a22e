"""Wrong ways from a picture to the network that apps and artifacts are known to take.

Each is imitated on the reference's side: where an artifact's answers equal those of the reference *with* the mistake,
the mistake is found. That needs nothing of the artifact but its answers. Where a way can round to bytes or not, or be
taken before or after the crop, there is an imitation of each.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

from reference.checkpoints import Checkpoint
from reference.geometry import centered
from reference.image_processor import MobileViTImageProcessor
from reference.images import as_rgb

from .wrong_pixels import as_imagenet, chw_as_hwc, grey, hwc_as_chw, luma, mean, signed, to_linear, to_srgb, transposed

Values = Callable[[Checkpoint, Image.Image], Tensor]
Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class InputMistake:
    """A wrong way from the picture to the network: what the network then sees, float32 [1, C, H, W]."""

    says: str
    values: Values


def right_values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """What the network should see: the reference's own preprocessing."""
    return _values(checkpoint.processor, image)


def _values(processor: MobileViTImageProcessor, image: Image.Image) -> Tensor:
    return torch.from_numpy(processor.network_input(processor.resize_and_crop(image)))[None]


def _swapped(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    return right_values(checkpoint, image).flip(1)


def _times(factor: float) -> Values:
    return lambda checkpoint, image: right_values(checkpoint, image) * factor


def _normalised(times: int) -> Values:
    """Mean and deviation of the channels taken off as often as that, instead of once; as it is where there is none."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        right = right_values(checkpoint, image)
        processor = checkpoint.processor
        if processor.mean is None or processor.deviation is None:
            return right
        moments = torch.tensor([processor.mean, processor.deviation])
        mean, deviation = (moments.flip(1) if processor.do_flip_channel_order else moments)[..., None, None]
        return right * deviation + mean if times == 0 else (right - mean) / deviation

    return values


def _seen(change: Change) -> Values:
    """What the network sees of RGB [H, W, C] in 0..1, instead of the values less the mean, over the deviation."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        processor = checkpoint.processor
        seen = change(processor.resize_and_crop(image).astype(np.float32) / 255)
        seen = seen[..., ::-1] if processor.do_flip_channel_order else seen
        return torch.from_numpy(seen.transpose(2, 0, 1).astype(np.float32))[None]

    return values


def _pixels(change: Change) -> Values:
    """Other pixels [H, W, C] in the crop, 0..255, whole or not."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        pixels = checkpoint.processor.resize_and_crop(image)
        return torch.from_numpy(checkpoint.processor.network_input(change(pixels)))[None]

    return values


def _curve(change: Change) -> tuple[Values, Values]:
    """Of values in 0..1, with and without rounding to bytes afterwards."""
    exact = lambda pixels: change(pixels.astype(np.float64) / 255) * 255  # noqa: E731
    return _pixels(exact), _pixels(lambda pixels: np.rint(exact(pixels)))


def _with(**options: object) -> Values:
    """The reference's preprocessing with other options of the image processor."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        processor = copy.copy(checkpoint.processor)
        for name, value in options.items():
            setattr(processor, name, value)
        return _values(processor, image)

    return values


def _squashed(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    return _with(size=checkpoint.processor.crop_size, fit=None)(checkpoint, image)


def _letterboxed(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """As the crop pads, which rounds the place of a picture of odd size down."""
    return _with(size=checkpoint.processor.crop_size, fit="contain", do_center_crop=True)(checkpoint, image)


def _padded(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """The same, but rounded to the nearest."""
    size = checkpoint.processor.crop_size
    whole = ImageOps.pad(image, (size["width"], size["height"]), checkpoint.processor.resample)
    return _with(do_resize=False)(checkpoint, whole)


def _uncropped(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """The shortest edge resized to the crop itself, as if there were no margin around it."""
    return _with(size={"shortest_edge": min(checkpoint.processor.crop_size.values())})(checkpoint, image)


def _cropped(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    """The shortest edge resized so that the crop has the margin that the squashed picture has."""
    size = checkpoint.processor.size
    return _with(size={"shortest_edge": max(size.values())}, do_center_crop=True)(checkpoint, image)


def _without_antialiasing(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
    processor = checkpoint.processor
    if processor.do_resize:
        width, height = processor.fitted(image.width, image.height)
        whole = torch.from_numpy(np.array(as_rgb(image), np.float32)).permute(2, 0, 1)[None]
        resized = functional.interpolate(whole, (height, width), mode="bilinear", align_corners=False)
        image = Image.fromarray(resized[0].permute(1, 2, 0).round().byte().numpy())
    return _with(do_resize=False)(checkpoint, image)


def _crop_at(place: Callable[[int, int], tuple[int, int]]) -> Values:
    """The crop's left and top edges elsewhere than where they should be."""

    def values(checkpoint: Checkpoint, image: Image.Image) -> Tensor:
        processor = copy.copy(checkpoint.processor)
        processor.do_center_crop = False
        whole = Image.fromarray(processor.resize_and_crop(image).squeeze())
        height, width = processor.crop_size["height"], processor.crop_size["width"]
        at = centered(whole.width, whole.height, width, height)
        left, top = place(at.left, at.top)
        crop = np.asarray(whole.crop((left, top, left + width, top + height)))
        return torch.from_numpy(processor.network_input(crop.reshape(height, width, -1)))[None]

    return values


def _beside(right: int, down: int) -> Values:
    return _crop_at(lambda left, top: (left + right, top + down))


def _turned(how: Image.Transpose) -> Iterator[Values]:
    """Before the crop, whose edges need not lie alike then, and after."""
    yield lambda checkpoint, image: right_values(checkpoint, image.transpose(how))
    yield _pixels(lambda pixels: transposed(pixels, how))


BLACK, WHITE = 16 / 255, 235 / 255  # of video
FILTERS = ("BICUBIC", "BILINEAR", "NEAREST", "LANCZOS", "BOX", "HAMMING")
MIRRORED, UPSIDE_DOWN = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM

# Of each mistake the ways to make it.
_WAYS: dict[str, tuple[Values, ...]] = {
    "the mean and deviation of the channels are not taken off": (_normalised(0),),
    "the mean and deviation of the channels are taken off twice": (_normalised(2),),
    "ImageNet's mean and deviation are taken off": (_seen(as_imagenet),),
    "the network sees -1..1": (_seen(lambda rgb: rgb * 2 - 1),),
    "the network sees -0.5..0.5": (_seen(lambda rgb: rgb - 0.5),),
    "the channels are swapped: the artifact takes BGR for RGB, or the other way round": (_swapped,),
    "the scale 1/255 is missing: the network sees 0..255 instead of 0..1": (_times(255),),
    "the scale 1/255 is applied twice: the network sees 0..1/255 instead of 0..1": (_times(1 / 255),),
    "bytes are read as signed ones": (_pixels(signed),),
    "128 is taken off the pixels": (_pixels(lambda pixels: pixels.astype(np.float32) - 128),),
    "the picture does not arrive: the network sees black": (_pixels(np.zeros_like),),
    "the picture is grey": tuple(map(_pixels, (grey, luma, mean))),
    "pixels are made linear: their gamma is taken off": (*_curve(to_linear), *_curve(lambda rgb: rgb**2.2)),
    "the pixels' gamma is applied twice": (*_curve(to_srgb), *_curve(lambda rgb: rgb ** (1 / 2.2))),
    "video's range 16..235 is not stretched to 0..255": _curve(lambda rgb: BLACK + rgb * (WHITE - BLACK)),
    "0..255 is taken for video's range 16..235": _curve(lambda rgb: ((rgb - BLACK) / (WHITE - BLACK)).clip(0, 1)),
    "the picture is squashed to the input size instead of resized and cropped": (_squashed,),
    "the picture is fitted into the input whole, with bars around it": (_letterboxed, _padded),
    "the picture's shortest edge is resized and the centre cropped, instead of squashed": (_cropped,),
    "the picture is resized to the input size without the margin that is to be cropped away": (_uncropped,),
    "the upper left corner is cropped instead of the centre": (_crop_at(lambda left, top: (0, 0)),),
    "the crop lies a pixel beside its place": tuple(
        _beside(right, down) for right in (-1, 0, 1) for down in (-1, 0, 1) if right or down
    ),
    **{
        f"the picture is resized with the {name.lower()} filter": (_with(resample=Image.Resampling[name]),)
        for name in FILTERS
    },
    "the picture is made smaller without antialiasing": (_without_antialiasing,),
    "pixels are laid out NHWC and read as NCHW": (_pixels(hwc_as_chw),),
    "pixels are laid out NCHW and read as NHWC": (_pixels(chw_as_hwc),),
    "height and width are exchanged": tuple(_turned(Image.Transpose.TRANSPOSE)),
    "the picture is mirrored": tuple(_turned(MIRRORED)),
    "the picture is mirrored and upside down": tuple(_turned(UPSIDE_DOWN)),
    "the picture is turned by 180 degrees": tuple(_turned(Image.Transpose.ROTATE_180)),
    "the picture is turned by 90 degrees to the left": tuple(_turned(Image.Transpose.ROTATE_90)),
    "the picture is turned by 90 degrees to the right": tuple(_turned(Image.Transpose.ROTATE_270)),
}  # fmt: skip
INPUT_MISTAKES = tuple(InputMistake(says, way) for says, ways in _WAYS.items() for way in ways)
