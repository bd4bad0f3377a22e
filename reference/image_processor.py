"""From a photograph to the network's input: resize, centre crop, 0..1, BGR.

The first half, `resize_and_crop`, is what an app does too; the second half (scaling and channel order) is folded into
every artifact. Source: the Hugging Face page (``MobileViTImageProcessor``), except the filter: bilinear, as the
published checkpoints were trained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .errors import UserError
from .images import Picture, as_batch, as_labels, as_list, as_rgb
from .json_files import read_json, write_json
from .sources import PREPROCESSOR_FILE, open_source, require_file

OPTIONS = (
    "do_resize", "size", "resample", "do_rescale", "rescale_factor", "do_center_crop", "crop_size",
    "do_flip_channel_order", "do_reduce_labels",
)  # fmt: skip


class BatchFeature(dict[str, Any]):
    """What the image processor returns: a dictionary whose values are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *where: Any, **how: Any) -> BatchFeature:
        """Move every tensor, as torch's `Tensor.to` does."""
        return BatchFeature({name: value.to(*where, **how) for name, value in self.items()})


class MobileViTImageProcessor:
    """Prepares images for MobileViT.

    Args:
        do_resize: whether to resize.
        size: {"shortest_edge": n} or n keeps the aspect ratio, {"height": h, "width": w} does not; pixels.
        resample: a PIL resampling filter; antialiased when shrinking, as Pillow does.
        do_rescale: whether to multiply by `rescale_factor`.
        rescale_factor: 1/255 maps bytes to 0..1.
        do_center_crop: whether to crop; an image smaller than the crop is padded with zeros.
        crop_size: {"height": h, "width": w}, or one number for both; pixels.
        do_flip_channel_order: whether to turn RGB into BGR, which Apple's checkpoints expect.
        do_reduce_labels: for segmentation maps: whether to shift classes down by one; background 0 becomes 255.
        extra: other keys of a preprocessor_config.json, kept so that a round trip loses nothing.

    Raises:
        UserError: for values that make no sense, and for `do_normalize`: the network sees pixels in 0..1, without
            mean or deviation.
    """

    def __init__(
        self,
        do_resize: bool = True,
        size: dict[str, int] | int | None = None,
        resample: int = Image.Resampling.BILINEAR,
        do_rescale: bool = True,
        rescale_factor: float = 1 / 255,
        do_center_crop: bool = True,
        crop_size: dict[str, int] | int | None = None,
        do_flip_channel_order: bool = True,
        do_reduce_labels: bool = False,
        **extra: Any,
    ) -> None:
        if extra.get("do_normalize"):
            raise UserError("do_normalize is not part of MobileViT's preprocessing: remove it or set it to false")
        self.do_resize = bool(do_resize)
        self.size = _edges("size", 224 if size is None else size, "shortest_edge")
        if resample not in range(6):  # Pillow has grown further ones, which other frameworks do not know
            raise UserError(f"resample must be a PIL filter, 0 to 5, not {resample!r}")
        if not isinstance(rescale_factor, int | float) or not 0 < rescale_factor < math.inf:
            raise UserError(f"rescale_factor must be a positive number, not {rescale_factor!r}")
        self.resample = Image.Resampling(resample)
        self.do_rescale = bool(do_rescale)
        self.rescale_factor = rescale_factor
        self.do_center_crop = bool(do_center_crop)
        self.crop_size = _edges("crop_size", 256 if crop_size is None else crop_size, "height", "width")
        self.do_flip_channel_order = bool(do_flip_channel_order)
        self.do_reduce_labels = bool(do_reduce_labels)
        self.extra = extra

    def resize_and_crop(self, picture: Picture, input_data_format: str | None = None) -> np.ndarray:
        """The pixels an app hands to an artifact: uint8 RGB [height, width, 3]; arguments: see images.as_rgb."""
        return np.asarray(self._fit(as_rgb(picture, input_data_format), self.resample))

    def network_input(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB [height, width, 3] -> float32 [3, height, width], as the network takes it."""
        values = pixels.astype(np.float32)
        if self.do_rescale:
            values *= np.float32(self.rescale_factor)
        if self.do_flip_channel_order:
            values = values[..., ::-1]
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def preprocess(
        self,
        images: Picture | Sequence[Picture],
        segmentation_maps: Picture | Sequence[Picture] | None = None,
        *,
        return_tensors: str | None = None,
        data_format: str = "channels_first",
        input_data_format: str | None = None,
        **changes: Any,
    ) -> BatchFeature:
        """The network's input "pixel_values", and "labels" where segmentation maps are given.

        Args:
            images: one image or several; see `reference.images.as_rgb` for what is taken.
            segmentation_maps: one class index per pixel, resized with the nearest filter and cropped like the images.
            return_tensors: None: lists of arrays; "np", "pt" or "tf": one array or tensor for the batch.
            data_format: "channels_first": float32 [3, H, W] each; "channels_last": [H, W, 3].
            input_data_format: the same for arrays given as `images`; None: found out from their shape.
            changes: options of the class that differ for this call.
        """
        if changes:
            unknown = sorted(set(changes) - set(OPTIONS))
            if unknown:
                raise UserError(f"unknown option {unknown[0]}: choose among {', '.join(OPTIONS)}")
            own = {name: getattr(self, name) for name in OPTIONS}
            given = {name: value for name, value in changes.items() if value is not None}
            return MobileViTImageProcessor(**{**own, **given}).preprocess(
                images,
                segmentation_maps,
                return_tensors=return_tensors,
                data_format=data_format,
                input_data_format=input_data_format,
            )
        if data_format not in ("channels_first", "channels_last"):
            raise UserError(f"data_format must be channels_first or channels_last, not {data_format!r}")
        arrays = [self.network_input(self.resize_and_crop(image, input_data_format)) for image in as_list(images)]
        if data_format == "channels_last":
            arrays = [np.ascontiguousarray(array.transpose(1, 2, 0)) for array in arrays]
        batch = {"pixel_values": arrays}
        if segmentation_maps is not None:
            maps = [segmentation_maps] if getattr(segmentation_maps, "ndim", 0) == 2 else as_list(segmentation_maps)
            batch["labels"] = [self._label_map(picture) for picture in maps]
        return BatchFeature({name: as_batch(values, return_tensors) for name, values in batch.items()})

    __call__ = preprocess

    def post_process_semantic_segmentation(
        self, outputs: Any, target_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Any]:
        """Class maps from a segmentation model's outputs.

        Args:
            outputs: what MobileViTForSemanticSegmentation returned; logits [B, num_labels, h, w].
            target_sizes: (height, width) per image, to which logits are resized (bilinear) before the argmax.

        Returns:
            One int64 tensor [height, width] per image; [h, w] without target sizes.
        """
        from torch.nn import functional

        logits = outputs.logits
        if target_sizes is None:
            return list(logits.argmax(dim=1))
        if len(target_sizes) != len(logits):
            raise UserError(f"{len(target_sizes)} target sizes for {len(logits)} images: give one for each")
        return [
            functional.interpolate(each[None], size=(int(size[0]), int(size[1])), mode="bilinear", align_corners=False)[
                0
            ].argmax(dim=0)
            for each, size in zip(logits, target_sizes)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The contents of a preprocessor_config.json as Hugging Face writes it."""
        options = {name: getattr(self, name) for name in OPTIONS}
        return {**self.extra, **options, "resample": int(self.resample), "image_processor_type": type(self).__name__}

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

    def _fit(self, image: Image.Image, resample: Image.Resampling) -> Image.Image:
        if self.do_resize:
            image = image.resize(self._resized(image.width, image.height), resample)
        if self.do_center_crop:
            width, height = self.crop_size["width"], self.crop_size["height"]
            # Floor division, so that an image smaller than the crop is padded as Hugging Face pads it.
            left, top = (image.width - width) // 2, (image.height - height) // 2
            image = image.crop((left, top, left + width, top + height))
        return image

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        if "shortest_edge" not in self.size:
            return self.size["width"], self.size["height"]
        edge = self.size["shortest_edge"]
        longest = int(edge * max(width, height) / min(width, height))
        return (edge, longest) if width <= height else (longest, edge)

    def _label_map(self, picture: Picture) -> np.ndarray:
        labels = as_labels(picture)
        if self.do_reduce_labels:
            labels = labels.point([255, *range(254), 255])
        return np.asarray(self._fit(labels, Image.Resampling.NEAREST)).astype(np.int64)


# The name of the first releases, still found in code and configuration files.
MobileViTFeatureExtractor = MobileViTImageProcessor


def _edges(name: str, value: Any, *keys: str) -> dict[str, int]:
    """`value`, one number or a dictionary, as a dictionary with `keys` or with height and width."""
    edges = dict.fromkeys(keys, value) if isinstance(value, int) else value
    if (
        not isinstance(edges, dict)
        or set(edges) not in ({*keys}, {"height", "width"})
        or not all(isinstance(edge, int) and edge > 0 for edge in edges.values())
    ):
        raise UserError(f"{name} must be a number of pixels or a dictionary of {' and '.join(keys)}, not {value!r}")
    return dict(edges)
