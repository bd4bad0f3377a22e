"""From a photograph to the network's input: resize, centre crop, 0..1, BGR.

The first half, `resize_and_crop`, is what an app does too; the second half (scaling and channel order) is folded into
every artifact. Source: the Hugging Face page (``MobileViTImageProcessor``), except the filter: bilinear, as the
published checkpoints were trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .config import read_json, write_json
from .errors import UserError
from .sources import PREPROCESSOR_FILE, open_source, require_file


class MobileViTImageProcessor:
    """Prepares images for MobileViT.

    Args:
        do_resize: whether to resize.
        size: {"shortest_edge": n} keeps the aspect ratio, {"height": h, "width": w} does not; pixels.
        resample: a PIL resampling filter; antialiased when shrinking, as Pillow does.
        do_center_crop: whether to crop; an image smaller than the crop is padded with zeros.
        crop_size: {"height": h, "width": w}, or one number for both; pixels.
        do_rescale: whether to multiply by `rescale_factor`.
        rescale_factor: 1/255 maps bytes to 0..1.
        do_flip_channel_order: whether to turn RGB into BGR, which Apple's checkpoints expect.
        extra: other keys of a preprocessor_config.json, kept so that a round trip loses nothing.

    Raises:
        UserError: when `do_normalize` is asked for: the network sees pixels in 0..1, without mean or deviation.
    """

    def __init__(
        self,
        do_resize: bool = True,
        size: dict[str, int] | int | None = None,
        resample: int = Image.Resampling.BILINEAR,
        do_center_crop: bool = True,
        crop_size: dict[str, int] | int | None = None,
        do_rescale: bool = True,
        rescale_factor: float = 1 / 255,
        do_flip_channel_order: bool = True,
        **extra: Any,
    ) -> None:
        if extra.get("do_normalize"):
            raise UserError("do_normalize is not part of MobileViT's preprocessing: remove it or set it to false")
        self.do_resize = do_resize
        self.size = {"shortest_edge": size} if isinstance(size, int) else size or {"shortest_edge": 224}
        self.resample = Image.Resampling(resample)
        self.do_center_crop = do_center_crop
        if isinstance(crop_size, int):
            crop_size = {"height": crop_size, "width": crop_size}
        self.crop_size = crop_size or {"height": 256, "width": 256}
        self.do_rescale = do_rescale
        self.rescale_factor = rescale_factor
        self.do_flip_channel_order = do_flip_channel_order
        self.extra = extra

    def resize_and_crop(self, image: Image.Image | np.ndarray) -> np.ndarray:
        """The pixels an app hands to an artifact: uint8 RGB [height, width, 3].

        `image`: a PIL image of any mode, or a uint8 RGB array [height, width, 3].
        """
        picture = _as_rgb(image)
        if self.do_resize:
            picture = picture.resize(self._resized(picture.width, picture.height), self.resample)
        if self.do_center_crop:
            width, height = self.crop_size["width"], self.crop_size["height"]
            # Floor division, so that a picture smaller than the crop is padded as Hugging Face pads it.
            left, top = (picture.width - width) // 2, (picture.height - height) // 2
            picture = picture.crop((left, top, left + width, top + height))
        return np.asarray(picture)

    def preprocess(self, images: Any, return_tensors: str | None = None) -> dict[str, Any]:
        """The network's input {"pixel_values": ...}.

        Args:
            images: one image or a list (see `resize_and_crop`).
            return_tensors: None: a list of float32 arrays [3, H, W]; "np" or "pt": one array or tensor [B, 3, H, W].
        """
        batch = images if isinstance(images, Sequence) else [images]
        arrays = [self.network_input(self.resize_and_crop(image)) for image in batch]
        if return_tensors is None:
            return {"pixel_values": arrays}
        stacked = np.stack(arrays)
        if return_tensors == "np":
            return {"pixel_values": stacked}
        if return_tensors == "pt":
            import torch

            return {"pixel_values": torch.from_numpy(stacked)}
        raise UserError(f"return_tensors must be 'np', 'pt' or None, not {return_tensors!r}")

    __call__ = preprocess

    def to_dict(self) -> dict[str, Any]:
        """The contents of a preprocessor_config.json as Hugging Face writes it."""
        fields = {name: value for name, value in vars(self).items() if name != "extra"}
        fields["resample"] = int(self.resample)
        return {**self.extra, **fields, "image_processor_type": type(self).__name__}

    @classmethod
    def from_json_file(cls, path: str | Path) -> MobileViTImageProcessor:
        """Read a preprocessor_config.json; one without a filter gets bilinear."""
        fields = read_json(path)
        # Old files say "feature_extractor_type", and some name no filter or write it as null.
        fields = {k: v for k, v in fields.items() if not k.endswith("_type") and (k != "resample" or v is not None)}
        try:
            return cls(**fields)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        except (TypeError, ValueError) as error:
            raise UserError(f"{path} is not an image-processor configuration: {error}") from error

    @classmethod
    def from_pretrained(cls, source: str | Path) -> MobileViTImageProcessor:
        """Read the preprocessor_config.json of a folder or Hub id."""
        return cls.from_json_file(require_file(open_source(source), PREPROCESSOR_FILE))

    def save_pretrained(self, directory: str | Path) -> None:
        """Write `directory`/preprocessor_config.json."""
        write_json(Path(directory) / PREPROCESSOR_FILE, self.to_dict())

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        if "shortest_edge" not in self.size:
            return self.size["width"], self.size["height"]
        edge = self.size["shortest_edge"]
        longest = int(edge * max(width, height) / min(width, height))
        return (edge, longest) if width <= height else (longest, edge)

    def network_input(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB [H, W, 3] -> float32 [3, H, W]"""
        values = pixels.astype(np.float32)
        if self.do_rescale:
            values *= np.float32(self.rescale_factor)
        if self.do_flip_channel_order:
            values = values[..., ::-1]
        return np.ascontiguousarray(values.transpose(2, 0, 1))


def open_image(path: str | Path) -> Image.Image:
    """Open and decode an image file; UserError when there is none or it is no image."""
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except UnidentifiedImageError as error:
        raise UserError(f"{path} is not an image that Pillow can read: give a JPEG, PNG or similar file") from error
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError for some broken PNG files
        raise UserError(f"cannot read image {path}: {getattr(error, 'strerror', None) or error}") from error


def _as_rgb(image: Image.Image | np.ndarray) -> Image.Image:
    if isinstance(image, Image.Image):
        return ImageOps.exif_transpose(image).convert("RGB")
    if isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
        return Image.fromarray(image)
    found = f"{image.dtype} array of shape {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    raise UserError(f"an image must be a PIL image or a uint8 RGB array [height, width, 3], not {found}")
