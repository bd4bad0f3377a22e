"""From a photograph to the network's input: grey where it is to be, resize, centre crop, 0..1, BGR.

The first half, `resize_and_crop`, is what an app does too; the second half (scaling and channel order) is folded into
every artifact. Source: the Hugging Face page (``MobileViTImageProcessor``), except the filter: bilinear, as the
published checkpoints were trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .batches import BatchFeature, as_batch
from .errors import UserError
from .geometry import centered, fitted, resized
from .images import Picture, as_labels, as_list, as_rgb, in_unit_range, name_of, resize
from .json_files import read_json, write_json
from .processor_classes import completed
from .processor_options import OPTIONS, check_names, check_values, edges_of, moments
from .sources import PREPROCESSOR_FILE, open_with_options, require_file


class MobileViTImageProcessor:
    """Prepares images for MobileViT.

    Args:
        do_resize: whether to resize.
        size: {"shortest_edge": n} or n keeps the aspect ratio, {"height": h, "width": w} or (h, w) does not; pixels.
        resample: a PIL resampling filter; antialiased when shrinking, as Pillow does.
        do_rescale: whether to multiply by `rescale_factor`.
        rescale_factor: 1/255 maps bytes to 0..1.
        do_center_crop: whether to crop; an image smaller than the crop is padded with zeros.
        crop_size: {"height": h, "width": w}, (h, w), or one number for both; pixels.
        do_flip_channel_order: whether to turn RGB into BGR, which Apple's checkpoints expect.
        do_reduce_labels: for segmentation maps: whether to shift classes down by one; background 0 becomes 255.
        do_normalize: whether to subtract `image_mean` and divide by `image_std`, after rescaling; the published
            checkpoints want neither, and transformers' own class for them leaves it out even where it is asked for.
        image_mean, image_std: a number for each channel, red first, or one for all; needed for `do_normalize`.
        num_channels: what the network takes: 3, or 1, for which pictures become grey before all else, by Pillow's
            mode "L" (ITU-R BT.601), as data sets are read in grey. A checkpoint's config.json says it; transformers'
            own class leaves it to who opens the picture.
        fit: what height and width of `size` mean: None: the picture's own, out of proportion; "cover": in proportion,
            the smallest picture that covers them; "contain": the largest within them. timm crops so; transformers' own
            class does not know it.
        extra: other keys of a preprocessor_config.json, kept so that a round trip loses nothing.

    Raises:
        UserError: for values that make no sense, and for `do_pad`: nothing is padded but crops.
    """

    def __init__(
        self,
        do_resize: bool = True,
        size: dict[str, int] | Sequence[int] | int | None = None,
        resample: int = Image.Resampling.BILINEAR,
        do_rescale: bool = True,
        rescale_factor: float = 1 / 255,
        do_center_crop: bool = True,
        crop_size: dict[str, int] | Sequence[int] | int | None = None,
        do_flip_channel_order: bool = True,
        do_reduce_labels: bool = False,
        do_normalize: bool | None = None,
        image_mean: float | Sequence[float] | None = None,
        image_std: float | Sequence[float] | None = None,
        num_channels: int = 3,
        fit: str | None = None,
        **extra: Any,
    ) -> None:
        check_values(num_channels, resample, rescale_factor, extra)
        self.do_resize = bool(do_resize)
        self.size = edges_of("size", 224 if size is None else size, "shortest_edge")
        if fit not in (None, "cover", "contain") or (fit and "shortest_edge" in self.size):
            raise UserError(f"fit must be cover or contain, beside a size of height and width, not {fit!r}")
        self.fit = fit
        self.num_channels = num_channels
        self.resample = Image.Resampling(resample)
        self.do_rescale = bool(do_rescale)
        self.rescale_factor = rescale_factor
        self.do_center_crop = bool(do_center_crop)
        self.crop_size = edges_of("crop_size", 256 if crop_size is None else crop_size, "height", "width")
        self.do_flip_channel_order = bool(do_flip_channel_order)
        self.do_reduce_labels = bool(do_reduce_labels)
        self.do_normalize, self.image_mean, self.image_std = do_normalize, image_mean, image_std
        self.mean, self.deviation = moments(do_normalize, image_mean, image_std, num_channels)
        self.extra = extra

    def resize_and_crop(self, picture: Picture, input_data_format: str | None = None) -> np.ndarray:
        """The pixels an app hands to an artifact: uint8 RGB [height, width, 3], or grey [height, width, 1].

        Arguments: see images.as_rgb.
        """
        image = as_rgb(picture, input_data_format)
        image = image.convert("L") if self.num_channels == 1 else image
        fitted = np.asarray(self._fit(image, self.resample, name_of(picture)))
        return fitted.reshape(*fitted.shape[:2], self.num_channels)

    def network_input(self, pixels: np.ndarray) -> np.ndarray:
        """What `resize_and_crop` gives -> float32 [num_channels, height, width], as the network takes it."""
        values = pixels.astype(np.float32)
        if self.do_rescale:
            values *= np.float32(self.rescale_factor)
        if self.mean is not None:
            mean, deviation = (np.asarray(each, np.float32) for each in (self.mean, self.deviation))
            values = (values - mean) / deviation
        if self.do_flip_channel_order and self.num_channels > 1:
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
            images: one image or several; see `reference.images.as_rgb` for what is taken. Floats in 0..1 stay in 0..1
                with `do_rescale=False`.
            segmentation_maps: a map for each image, one class index in 0..255 per pixel [H, W], resized with the
                nearest filter and cropped like the images; int64 [height, width] each.
            return_tensors: None: lists of arrays; "np", "pt" or "tf": one array or tensor for the batch.
            data_format: "channels_first": float32 [num_channels, H, W] each; "channels_last": [H, W, num_channels].
            input_data_format: the same for arrays given as `images`; None: found out from their shape.
            changes: options of the class that differ for this call; None: do not differ.

        Raises:
            UserError: for pictures and options that make no sense, and images that do not fit into one batch.
        """
        if changes:
            check_names(changes)
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
        arrays = [self._prepared(image, input_data_format) for image in as_list(images)]
        if data_format == "channels_last":
            arrays = [np.ascontiguousarray(array.transpose(1, 2, 0)) for array in arrays]
        batch = {"pixel_values": arrays}
        if segmentation_maps is not None:
            maps = as_list(segmentation_maps, rank=2)
            if len(maps) != len(arrays):
                raise UserError(f"{len(maps)} segmentation maps for {len(arrays)} images: give one for each")
            batch["labels"] = [self._label_map(picture) for picture in maps]
        return BatchFeature({name: as_batch(values, return_tensors) for name, values in batch.items()})

    __call__ = preprocess

    def post_process_semantic_segmentation(
        self,
        outputs: Any,
        target_sizes: Sequence[tuple[int, int]] | None = None,
        return_segmentation_scores: bool = False,
    ) -> list[Any]:
        """Class maps from a segmentation model's outputs.

        Args:
            outputs: what a segmentation model returned, of PyTorch or TensorFlow; logits [B, num_labels, h, w].
            target_sizes: (height, width) per image, to which logits are resized (bilinear) before the argmax.
            return_segmentation_scores: whether to return the resized logits too.

        Returns:
            One int64 tensor [height, width] per image; [h, w] without target sizes; of one label alone 1 where it is, 0
            elsewhere. With scores: `segmentation`, the same, and `segmentation_scores` [num_labels, height, width].

        Raises:
            UserError: for a classifier's outputs, and unless there is one target size for each image.
        """
        from .class_maps import class_maps

        return class_maps(outputs.logits, target_sizes, return_segmentation_scores)

    def to_dict(self) -> dict[str, Any]:
        """The contents of a preprocessor_config.json as Hugging Face writes it."""
        options = {name: getattr(self, name) for name in OPTIONS if getattr(self, name) is not None}
        if self.num_channels == 3:  # which transformers' class knows no word for
            del options["num_channels"]
        return {**self.extra, **options, "resample": int(self.resample), "image_processor_type": type(self).__name__}

    @classmethod
    def from_json_file(cls, json_file: str | Path, **changes: Any) -> MobileViTImageProcessor:
        """Read a preprocessor_config.json; one without a filter gets bilinear. `changes` overrule its values.

        One that names another class of transformers means what that class does; see `processor_classes`.
        """
        check_names(changes)
        fields = read_json(json_file)
        try:
            fields = completed(fields)
            fields = {k: v for k, v in fields.items() if k != "resample" or v is not None}  # some write it as null
            return cls(**{**fields, **changes})
        except UserError as error:
            raise UserError(f"{json_file}: {error}") from error
        except (TypeError, ValueError) as error:
            raise UserError(f"{json_file} is not an image-processor configuration: {error}") from error

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | Path, *, use_fast: bool | None = None, **changes: Any
    ) -> MobileViTImageProcessor:
        """Read the preprocessor_config.json of a folder or Hub id.

        Args:
            pretrained_model_name_or_path: the folder or Hub id.
            use_fast: taken for transformers' sake; there is one implementation here.
            changes: options that differ from the file's, and the Hub's (see sources.HUB_OPTIONS).
        """
        place, changes = open_with_options(pretrained_model_name_or_path, changes)
        return cls.from_json_file(require_file(place, PREPROCESSOR_FILE), **changes)

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write `save_directory`/preprocessor_config.json."""
        write_json(Path(save_directory) / PREPROCESSOR_FILE, self.to_dict())

    def _prepared(self, image: Picture, input_data_format: str | None) -> np.ndarray:
        values = self.network_input(self.resize_and_crop(image, input_data_format))
        if not self.do_rescale and in_unit_range(image):  # as transformers documents it, these need no scaling
            values /= 255
        return values

    def _fit(self, image: Image.Image, resample: Image.Resampling, which: str) -> Image.Image:
        if self.do_resize:
            image = resize(image, self.fitted(image.width, image.height), resample, which)
        if self.do_center_crop:
            width, height = self.crop_size["width"], self.crop_size["height"]
            at = centered(image.width, image.height, width, height)
            image = image.crop((at.left, at.top, at.left + width, at.top + height))
        return image

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a resized picture of `width` x `height`, before the crop, pixels."""
        if "shortest_edge" in self.size:
            return resized(width, height, self.size["shortest_edge"])
        sides = self.size["width"], self.size["height"]
        return sides if self.fit is None else fitted(width, height, *sides, within=self.fit == "contain")

    def _label_map(self, picture: Picture) -> np.ndarray:
        labels = as_labels(picture)
        if self.do_reduce_labels:
            labels = labels.point([255, *range(254), 255])
        return np.asarray(self._fit(labels, Image.Resampling.NEAREST, name_of(picture))).astype(np.int64)


# Other names of the page: of the first releases, of transformers 5, and of what finds the class for a checkpoint.
MobileViTFeatureExtractor = MobileViTImageProcessorPil = AutoImageProcessor = MobileViTImageProcessor
