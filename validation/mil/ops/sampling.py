"""Images read at arbitrary positions: crop_resize, resample, affine."""

from __future__ import annotations

import torch
from torch import Tensor

from ..registry import op
from .resizing import stretch

# How the four numbers of a box are ordered: two corners, or centre and size; height or width first.
_BOX_MODES = ("CORNERS_HEIGHT_FIRST", "CORNERS_WIDTH_FIRST", "CENTER_SIZE_HEIGHT_FIRST", "CENTER_SIZE_WIDTH_FIRST")


@op("crop_resize")
def crop_resize(
    x: Tensor,
    roi: Tensor | None = None,
    boxes: Tensor | None = None,
    box_indices: Tensor | None = None,
    target_height: int = 1,
    target_width: int = 1,
    normalized_coordinates: bool = False,
    spatial_scale: float = 1.0,
    box_coordinate_mode: str = "CORNERS_HEIGHT_FIRST",
    sampling_mode: str = "DEFAULT",
    pad_value: float = 0.0,
) -> Tensor:
    """Boxes of images x [B, C, H, W], resized bilinearly.

    iOS15, iOS16: roi [N, 1, 4, 1, 1] for all images -> [N, B, C, h, w], or [N, 1, 5, 1, 1] with an image's index in
    front -> [N, 1, C, h, w]. iOS17 on: boxes [N, 4], box_indices [N] -> [N, C, h, w]. Uncertain: sampling modes other
    than ALIGN_CORNERS, which coremltools defines for whole images only; here a box counts as an image from its first
    to its last coordinate. Samples outside of the image are pad_value.
    """
    if boxes is not None:
        images = torch.arange(len(boxes)) if box_indices is None else box_indices.long()
        crops = [(images[i : i + 1], box) for i, box in enumerate(boxes)]
    elif roi is not None:
        rows = roi.reshape(len(roi), -1)
        crops = [(row[:-4].long() if len(row) == 5 else torch.arange(len(x)), row[-4:]) for row in rows]
    else:
        raise ValueError("no boxes")
    scales = [spatial_scale * (size - 1 if normalized_coordinates else 1) for size in x.shape[-2:]]
    results = []
    for images, box in crops:
        top, left, bottom, right = _corners(box.double(), box_coordinate_mode)
        rows = _along_box(float(top) * scales[0], float(bottom) * scales[0], target_height, sampling_mode)
        columns = _along_box(float(left) * scales[1], float(right) * scales[1], target_width, sampling_mode)
        down, across = torch.meshgrid(rows, columns, indexing="ij")
        inside = (down >= 0) & (down <= x.shape[-2] - 1) & (across >= 0) & (across <= x.shape[-1] - 1)
        count = len(images)
        values = _bilinear(x[images], down.expand(count, -1, -1), across.expand(count, -1, -1), "border", 0.0)
        results.append(torch.where(inside, values, torch.full_like(values, pad_value)))
    stacked = torch.stack(results)  # [N, images, C, h, w]
    return stacked if boxes is None else stacked[:, 0]


@op("resample")
def resample(
    x: Tensor,
    coordinates: Tensor,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
) -> Tensor:
    """x [B, C, H, W] read at coordinates [B, h, w, 2], each (across, down).

    iOS15 on; float16 coordinates from iOS16, 8 and 16 bit integers from iOS17 on. Half-way between two pixels
    `nearest` takes the one behind, as coremltools' tests record.
    """
    height, width = x.shape[-2:]
    across, down = coordinates.double().unbind(-1)
    across = _in_pixels(across, width, coordinates_mode, align_corners)
    down = _in_pixels(down, height, coordinates_mode, align_corners)
    if sampling_mode == "nearest":
        return _pixels(x, (down + 0.5).floor(), (across + 0.5).floor(), padding_mode, padding_value)
    if sampling_mode != "bilinear":
        raise ValueError(f"unknown sampling mode {sampling_mode!r}")
    return _bilinear(x, down, across, padding_mode, padding_value)


@op("affine")
def affine(
    x: Tensor,
    transform_matrix: Tensor,
    output_height: int,
    output_width: int,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
) -> Tensor:
    """x [B, C, H, W] read at a0 x + a1 y + a2, b0 x + b1 y + b2 for each (x, y) of the result.

    iOS15 on; transform_matrix [B or 1, 6] is (a0, a1, a2, b0, b1, b2). Apple documents bilinear, zeros outside,
    coordinates -1..1 and aligned corners only.
    """
    down = _normalized(output_height, coordinates_mode, align_corners)
    across = _normalized(output_width, coordinates_mode, align_corners)
    y, x_ = torch.meshgrid(down, across, indexing="ij")
    a = transform_matrix.double().expand(len(x), 6)[:, :, None, None]
    coordinates = torch.stack([a[:, 0] * x_ + a[:, 1] * y + a[:, 2], a[:, 3] * x_ + a[:, 4] * y + a[:, 5]], -1)
    return resample(x, coordinates, sampling_mode, padding_mode, padding_value, coordinates_mode, align_corners)


def _corners(box: Tensor, mode: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """top, left, bottom, right."""
    if mode not in _BOX_MODES:
        raise ValueError(f"unknown box_coordinate_mode {mode!r}")
    a, b, c, d = box.unbind()
    if mode.endswith("WIDTH_FIRST"):
        a, b, c, d = b, a, d, c
    return (a, b, c, d) if mode.startswith("CORNERS") else (a - c / 2, b - d / 2, a + c / 2, b + d / 2)


def _along_box(first: float, last: float, wanted: int, mode: str) -> Tensor:
    """Sample positions from `first` to `last`, which may lie in front of it: then the result is mirrored."""
    length = abs(last - first)
    steps = stretch(length, wanted, mode).clamp(0, length)
    return first + steps if last >= first else first - steps


def _in_pixels(coordinate: Tensor, size: int, mode: str, align_corners: bool) -> Tensor:
    if mode == "unnormalized":
        return coordinate
    if mode == "normalized_minus_one_to_one":
        coordinate = (coordinate + 1) / 2
    elif mode != "normalized_zero_to_one":
        raise ValueError(f"unknown coordinates_mode {mode!r}")
    return coordinate * (size - 1) if align_corners else coordinate * size - 0.5


def _normalized(size: int, mode: str, align_corners: bool) -> Tensor:
    """The coordinates of `size` pixels; the inverse of _in_pixels."""
    pixel = torch.arange(size, dtype=torch.float64)
    if mode == "unnormalized":
        return pixel
    fraction = pixel / max(1, size - 1) if align_corners else (pixel + 0.5) / size
    return 2 * fraction - 1 if mode == "normalized_minus_one_to_one" else fraction


def _bilinear(x: Tensor, down: Tensor, across: Tensor, padding: str, value: float) -> Tensor:
    """[B, C, H, W] at [B, h, w] positions."""
    top, left = down.floor(), across.floor()
    low, right = (down - top).float()[:, None], (across - left).float()[:, None]
    above = _pixels(x, top, left, padding, value) * (1 - right) + _pixels(x, top, left + 1, padding, value) * right
    below = (
        _pixels(x, top + 1, left, padding, value) * (1 - right) + _pixels(x, top + 1, left + 1, padding, value) * right
    )
    return above * (1 - low) + below * low


def _pixels(x: Tensor, rows: Tensor, columns: Tensor, padding: str, value: float) -> Tensor:
    """x [B, C, H, W] at whole positions [B, h, w], those outside filled as `padding` says: [B, C, h, w]."""
    height, width = x.shape[-2:]
    row, column = _folded(rows.long(), height, padding), _folded(columns.long(), width, padding)
    batch = torch.arange(len(x))[:, None, None]
    values = x[batch, :, row, column].movedim(-1, 1)
    if padding != "constant":
        return values
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return torch.where(inside[:, None], values, torch.full_like(values, value))


def _folded(position: Tensor, size: int, padding: str) -> Tensor:
    if padding in ("constant", "border"):
        return position.clamp(0, size - 1)
    if padding == "reflection":  # about the outermost pixels
        period = max(1, 2 * (size - 1))
        position = position % period
        return torch.minimum(position, period - position).clamp(max=size - 1)
    if padding == "symmetric":  # about the edges, the outermost pixels twice
        position = position % (2 * size)
        return torch.minimum(position, 2 * size - 1 - position)
    raise ValueError(f"unknown padding_mode {padding!r}")
